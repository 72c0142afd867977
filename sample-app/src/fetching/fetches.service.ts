import { Injectable, NotFoundException } from '@nestjs/common';
import { BackgroundTasks, InjectTaskPool, type TaskContext, type TaskHandle } from 'nestjs-background-worker';
import { HttpProbe, type ProbeOutcome } from '../probing/http-probe.js';

export interface Fetched extends ProbeOutcome {
  readonly url: string;
}

const kept = 100;

/** Fetches many addresses at once, and keeps what came of the last lists. */
@Injectable()
export class FetchesService {
  private readonly results = new Map<string, readonly Fetched[]>();

  constructor(
    private readonly tasks: BackgroundTasks,
    @InjectTaskPool('fetch') private readonly pool: BackgroundTasks,
    private readonly http: HttpProbe,
  ) {}

  begin(urls: readonly string[]): TaskHandle<void> {
    return this.tasks.submit((ctx) => this.fetchAll(urls, ctx), { name: 'fetch' });
  }

  of(task: string): readonly Fetched[] {
    const fetched = this.results.get(task);
    if (!fetched) throw new NotFoundException(`Nothing was fetched by ${task}, or long ago`);
    return fetched;
  }

  private async fetchAll(urls: readonly string[], ctx: TaskContext): Promise<void> {
    const fetched: Fetched[] = [];
    this.results.set(ctx.id, fetched);
    for (const [oldest] of [...this.results].slice(0, -kept)) this.results.delete(oldest);
    const fetchOne = async (url: string, { signal }: TaskContext): Promise<Fetched> => ({
      url,
      ...(await this.http.probe(url, signal)),
    });
    for await (const one of this.pool.map(urls, fetchOne, { signal: ctx.signal }))
      ctx.progress(fetched.push(one), urls.length);
  }
}
