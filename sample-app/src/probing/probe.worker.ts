import type { LoggerService } from '@nestjs/common';
import {
  BackgroundTasks,
  BackgroundWorker,
  InjectTaskPool,
  type TaskContext,
  type TickContext,
} from 'nestjs-background-worker';
import type { Monitor } from '../monitors/monitor.entity.js';
import { MonitorsService } from '../monitors/monitors.service.js';
import { HttpProbe, type ProbeOutcome } from './http-probe.js';
import { ProbeJournal } from './probe-journal.service.js';

const batch = 40;

interface Failed {
  readonly error: unknown;
}

@BackgroundWorker({
  every: { rate: 500, initialDelay: 500 }, // by then our own /health listens
  timeout: 30_000, // a batch in which every probe times out takes 40 / 8 x 5 s
})
export class ProbeWorker {
  private readonly lastSeen = new Map<number, boolean>();

  constructor(
    @InjectTaskPool('probe') private readonly pool: BackgroundTasks,
    private readonly monitors: MonitorsService,
    private readonly http: HttpProbe,
    private readonly journal: ProbeJournal,
  ) {}

  /** A failure fails the run, but not before the others have been probed. */
  async run({ signal, logger }: TickContext): Promise<void> {
    const due = await this.monitors.findDue(batch);
    const probe = (monitor: Monitor, task: TaskContext): Promise<Failed | undefined> =>
      this.probe(monitor, task.signal, logger);
    let failed: Failed | undefined;
    for await (const one of this.pool.map(due, probe, { signal })) failed ??= one;
    if (failed) throw failed.error;
  }

  /** A failure is answered rather than thrown: thrown, it would end the map, and with it the probes of others. */
  private async probe(monitor: Monitor, signal: AbortSignal, logger: LoggerService): Promise<Failed | undefined> {
    const probedAt = new Date();
    try {
      const outcome = await this.http.probe(monitor.url, signal);
      await this.journal.record(monitor, probedAt, outcome);
      this.logChange(monitor, outcome, logger);
      return undefined;
    } catch (error) {
      signal.throwIfAborted();
      return { error };
    }
  }

  private logChange({ id, url }: Monitor, outcome: ProbeOutcome, logger: LoggerService): void {
    const { up, httpStatus, latencyMs, error } = outcome;
    if (this.lastSeen.get(id) === up) return;
    this.lastSeen.set(id, up);
    if (up) logger.log(`${url} is up: ${httpStatus} in ${latencyMs} ms`);
    else logger.warn(`${url} is down: ${error ?? httpStatus}`);
  }
}
