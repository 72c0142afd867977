import { Injectable } from '@nestjs/common';
import { BackgroundTasks, InjectTaskPool, type TaskContext, type TaskHandle } from 'nestjs-background-worker';
import { HttpProbe, type ProbeOutcome } from '../probing/http-probe.js';
import { Outcomes } from '../tasks/outcomes.js';

export interface Fetched extends ProbeOutcome {
  readonly url: string;
}

/** Fetches many addresses at once, and keeps what came of the last lists. */
@Injectable()
export class FetchesService {
  private readonly outcomes = new Outcomes<Fetched[]>();

  constructor(
    @InjectTaskPool('lists') private readonly lists: BackgroundTasks,
    @InjectTaskPool('fetch') private readonly pool: BackgroundTasks,
    private readonly http: HttpProbe,
  ) {}

  begin(urls: readonly string[]): TaskHandle<void> {
    return this.lists.submit((ctx) => this.fetchAll(urls, ctx), { name: 'fetch' });
  }

  of(task: string): readonly Fetched[] {
    return this.outcomes.of(task);
  }

  private async fetchAll(urls: readonly string[], ctx: TaskContext): Promise<void> {
    const fetched = this.outcomes.keep(ctx.id, []);
    const fetchOne = async (url: string, { signal }: TaskContext): Promise<Fetched> => ({
      url,
      ...(await this.http.probe(url, signal)),
    });
    for await (const one of this.pool.map(urls, fetchOne, { signal: ctx.signal }))
      ctx.progress(fetched.push(one), urls.length);
  }
}
