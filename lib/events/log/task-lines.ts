import type { Logger } from '@nestjs/common';
import type { Clock } from '../../shared/clock.js';
import { BackgroundWorkerError, WorkerAborted, messageOf, traceOf } from '../../shared/errors.js';
import type { EventHub, EventOf } from '../event-hub.js';
import { Streaks } from './streaks.js';
import { Tally } from './tally.js';
import { seconds } from './words.js';

const MISSED_LINES = 10;

/** Lines about tasks. What is refused, given up or missed by the thousand is counted. */
export class TaskLines {
  private readonly streaks: Streaks;
  private readonly tally: Tally;
  private missedLines = 0;

  constructor(
    private readonly logger: Logger,
    clock: Clock,
  ) {
    this.streaks = new Streaks(clock);
    this.tally = new Tally(clock, logger);
  }

  listen(hub: EventHub): void {
    hub.on(['taskRetrying'], (event) => this.retrying(event));
    hub.on(['taskFailed'], (event) => this.failed(event));
    hub.on(['taskDiscarded'], (event) => this.discarded(event));
    hub.on(['taskCancelled'], (event) => this.cancelled(event));
    hub.on(['taskRefused'], ({ pool, error }) => this.tally.count(`refused: pool "${pool}" ${refusalOf(error)}`));
    hub.on(['taskUnknownHandler'], (event) => this.unknown(event));
    hub.onNotice('over', () => this.tally.tell());
  }

  private retrying({ task, name = '', error, attempt, attempts, retryIn = 0 }: EventOf<'taskRetrying'>): void {
    const times = this.streaks.note(name);
    if (times === undefined) return;
    const of = `attempt ${attempt} of ${attempts}`;
    this.logger.warn(
      `task ${name} (${task}) failed${times}, ${of}, next try in ${seconds(retryIn)}: ${messageOf(error)}`,
    );
  }

  private failed({ task, name, error, attempt = 1, isRead }: EventOf<'taskFailed'>): void {
    const times = attempt > 1 ? ` after ${attempt} attempts` : '';
    const line = `task ${name} (${task}) failed for good${times}: ${messageOf(error)}`;
    if (isRead) this.logger.warn(line);
    else this.logger.error(line, ...traceOf(error));
  }

  private discarded(event: EventOf<'taskDiscarded'>): void {
    const { error, attempt = 0, pool } = event;
    if (!isShutDown(error)) return this.tally.count(`given up for newer ones: pool "${pool}" was full`);
    const when = attempt > 0 ? `before attempt ${attempt + 1}` : 'before it began';
    const last = error.cause === undefined ? '' : `; last failure: ${messageOf(error.cause)}`;
    this.missed(event, `lost: the app shut down ${when}${last}`);
  }

  private cancelled(event: EventOf<'taskCancelled'>): void {
    const { error } = event;
    const isCut = error instanceof WorkerAborted && error.why === 'shutdown';
    if (isCut) this.missed(event, 'cut: the app shut down while it ran');
  }

  private missed({ task, name }: EventOf<'taskDiscarded' | 'taskCancelled'>, what: string): void {
    if (this.missedLines++ < MISSED_LINES) this.logger.error(`task ${name} (${task}) was ${what}`);
    else this.tally.count(`more lost or cut as the app shut down: ${name}`);
  }

  private unknown({ task, name = '' }: EventOf<'taskUnknownHandler'>): void {
    const times = this.streaks.note(name);
    if (times === undefined) return;
    this.logger.warn(`task ${name} (${task})${times} has no handler in this process and is handed back in 5 s`);
  }
}

const isShutDown = (error: unknown): error is BackgroundWorkerError =>
  error instanceof BackgroundWorkerError && error.code === 'BGW_SHUTTING_DOWN';

const refusalOf = (error: unknown): string =>
  isShutDown(error) ? 'takes no tasks any more: the app has shut down' : 'is full';
