import type { LoggerService } from '@nestjs/common';
import { BackgroundWorker, type TickContext } from 'nestjs-background-worker';
import type { Monitor } from '../monitors/monitor.entity.js';
import { MonitorsService } from '../monitors/monitors.service.js';
import { forEachLimited } from './for-each-limited.js';
import { HttpProbe, type ProbeOutcome } from './http-probe.js';
import { ProbeJournal } from './probe-journal.service.js';

const batch = 40;
const concurrency = 8;

@BackgroundWorker({
  every: { rate: 500, initialDelay: 500 }, // by then our own /health listens
  timeout: 30_000, // a batch in which every probe times out takes 40 / 8 x 5 s
})
export class ProbeWorker {
  private readonly lastSeen = new Map<number, boolean>();

  constructor(
    private readonly monitors: MonitorsService,
    private readonly http: HttpProbe,
    private readonly journal: ProbeJournal,
  ) {}

  async run(ctx: TickContext): Promise<void> {
    const due = await this.monitors.findDue(batch);
    await forEachLimited(due, concurrency, (monitor) => this.probe(monitor, ctx));
  }

  private async probe(monitor: Monitor, { signal, logger }: TickContext): Promise<void> {
    signal.throwIfAborted();
    const probedAt = new Date();
    const outcome = await this.http.probe(monitor.url, signal);
    await this.journal.record(monitor, probedAt, outcome);
    this.logChange(monitor, outcome, logger);
  }

  private logChange({ id, url }: Monitor, outcome: ProbeOutcome, logger: LoggerService): void {
    const { up, httpStatus, latencyMs, error } = outcome;
    if (this.lastSeen.get(id) === up) return;
    this.lastSeen.set(id, up);
    if (up) logger.log(`${url} is up: ${httpStatus} in ${latencyMs} ms`);
    else logger.warn(`${url} is down: ${error ?? httpStatus}`);
  }
}
