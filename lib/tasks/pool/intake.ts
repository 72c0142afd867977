import type { EventHub } from '../../events/event-hub.js';
import { BackgroundWorkerError } from '../../shared/errors.js';
import type { Inside } from '../../shared/inside.js';
import type { Task } from './task.js';

/** How far the app is in its end. */
type Stage =
  | { readonly type: 'open' }
  /** @property late submitted by nobody who is drained: a request */
  | { readonly type: 'draining'; readonly until: number; readonly late: WeakSet<Task<unknown>> }
  /** What was accepted is drained. Whatever comes now is late. */
  | { readonly type: 'drained'; readonly until: number; readonly late: WeakSet<Task<unknown>> }
  | { readonly type: 'closed' };

/** What an app's pools still accept, and what of it came late. */
export class Intake {
  private stage: Stage = { type: 'open' };

  constructor(
    private readonly hub: EventHub,
    private readonly inside: Inside,
  ) {}

  /** What cannot begin by then is lost at once; Infinity while the app runs. */
  get until(): number {
    const { stage } = this;
    return stage.type === 'open' ? Infinity : stage.type === 'closed' ? -Infinity : stage.until;
  }

  /** @throws BackgroundWorkerError `BGW_SHUTTING_DOWN` */
  assertOpen(pool: string): void {
    if (this.stage.type === 'closed') throw this.closed(pool);
  }

  /** Told of every task when it is submitted, in its submitter's context. */
  accepted(task: Task<unknown>): void {
    const { stage } = this;
    if (stage.type === 'drained' || (stage.type === 'draining' && !this.inside.mayBe)) stage.late.add(task);
  }

  /** What a submission is answered that comes too late. */
  closed(pool: string): BackgroundWorkerError {
    const why = `pool "${pool}" takes no tasks any more: the app has shut down`;
    return this.refused(pool, new BackgroundWorkerError('BGW_SHUTTING_DOWN', why));
  }

  /** What a submission is answered that finds no room. */
  full(pool: string, load: number): BackgroundWorkerError {
    const why = `pool "${pool}" is full with ${load} tasks: answer 503, wait by submitWhenFree(), or give it a longer queue`;
    return this.refused(pool, new BackgroundWorkerError('BGW_QUEUE_FULL', why));
  }

  /** From now on what requests submit is late, and what cannot begin by then is lost. */
  drain(until: number): void {
    if (this.stage.type === 'open') this.stage = { type: 'draining', until, late: new WeakSet() };
  }

  isLate(task: Task<unknown>): boolean {
    return 'late' in this.stage && this.stage.late.has(task);
  }

  /** The drain of what was accepted is over, whoever still lives. */
  drained(): void {
    if (this.stage.type === 'draining') this.stage = { ...this.stage, type: 'drained' };
  }

  /** Late ones are waited for, too. */
  drainLate(until: number): void {
    this.stage = { type: 'draining', until, late: new WeakSet() };
  }

  close(): void {
    this.stage = { type: 'closed' };
  }

  private refused(pool: string, error: BackgroundWorkerError): BackgroundWorkerError {
    this.hub.emit({}, { type: 'taskRefused', pool, error });
    return error;
  }
}
