import { backoffDelay } from '../shared/backoff.js';
import { isThenable } from '../shared/deferred.js';
import { WorkerAborted, isAbortBy, isDoNotRestart } from '../shared/errors.js';
import { executeUnit } from '../units/unit-runner.js';
import { Attempt } from './attempt.js';
import { endBadly, endLost, endWell, tell } from './endings.js';
import { Fifo } from './fifo.js';
import type { PoolSite } from './pool-site.js';
import type { Task } from './task.js';

/** What the slots need of their pool. */
export interface SlotOwner {
  next(): Task<unknown> | undefined;
  retry(task: Task<unknown>, ms: number, error: unknown): void;
  /** A slot was left. */
  left(): void;
}

/** Runs tasks, at most so many at a time. A slot is free again when the function has settled, whatever became of the task before. */
export class Slots {
  private readonly running = new Fifo<Task<unknown>>();
  private flow: 'idle' | 'scheduled' | 'pumping' = 'idle';

  constructor(
    private readonly count: number,
    private readonly site: PoolSite,
    private readonly owner: SlotOwner,
  ) {}

  get taken(): number {
    return this.running.length;
  }

  get tasks(): Iterable<Task<unknown>> {
    return this.running;
  }

  /** Something waits: one microtask begins all that there is room for, in the root context and never in the caller's stack. */
  wake(): void {
    if (this.flow !== 'idle' || this.running.length >= this.count) return;
    this.flow = 'scheduled';
    this.site.root(() => queueMicrotask(this.pump));
  }

  private readonly pump = (): void => {
    this.flow = 'pumping';
    while (this.running.length < this.count) {
      const task = this.owner.next();
      if (!task) break;
      this.begin(task);
    }
    this.flow = 'idle';
  };

  private begin(task: Task<unknown>): void {
    const attempt = new Attempt(this.site, task);
    const { timeout } = task.spec;
    task.attempts += 1;
    task.phase = attempt;
    this.running.push(task);
    tell(this.site, 'taskStarted', task);
    if (timeout !== undefined) attempt.limit(timeout, () => this.timedOut(attempt));
    try {
      const out = this.execute(attempt);
      if (!isThenable(out)) return this.succeeded(attempt, out);
      const promise = out instanceof Promise ? out : Promise.resolve(out);
      promise.then(
        (value) => this.succeeded(attempt, value),
        (error: unknown) => this.failed(attempt, error),
      );
    } catch (error) {
      this.failed(attempt, error);
    }
  }

  private execute(attempt: Attempt): unknown {
    const { site } = this;
    const { task } = attempt;
    const { within } = task.spec;
    const work = site.isBare() ? task.fn : () => executeUnit(site, attempt, () => task.fn(attempt));
    return within ? within(() => site.inside.run(task, () => work(attempt))) : site.inside.enter(task, work, attempt);
  }

  /** Without a retry left the task is over, but for its slot. */
  private timedOut(attempt: Attempt): void {
    const { task } = attempt;
    const reason = new WorkerAborted('timeout', task.name);
    if (task.attempts > task.spec.retries && !attempt.revoked) this.giveUp(attempt, reason);
    attempt.cancel(reason);
  }

  private succeeded(attempt: Attempt, value: unknown): void {
    const { task, reason } = attempt;
    if (reason?.why === 'timeout') return this.failed(attempt, reason);
    attempt.end();
    if (!task.isSettled) endWell(this.site, task, value);
    this.release(task);
  }

  private failed(attempt: Attempt, thrown: unknown): void {
    const { task, reason, revoked } = attempt;
    attempt.end();
    if (task.isSettled) return this.release(task);
    const cause = revoked ?? reason;
    if (cause && cause.why !== 'timeout' && isAbortBy(cause, thrown)) {
      endBadly(this.site, task, 'cancelled', cause);
      return this.release(task);
    }
    const error = reason?.why === 'timeout' ? reason : thrown;
    const isCut = cause !== undefined && cause.why !== 'timeout';
    if (isCut || task.attempts > task.spec.retries || isDoNotRestart(thrown)) {
      this.giveUp(attempt, error);
      return this.release(task);
    }
    this.again(attempt, error);
  }

  private again(attempt: Attempt, error: unknown): void {
    const { site } = this;
    const { task } = attempt;
    const wait = backoffDelay(task.spec.backoff, task.attempts, site.clock.random());
    if (site.clock.now() + wait > site.until) {
      site.onError(attempt, error, undefined);
      endLost(site, task, { error });
      return this.release(task);
    }
    site.onError(attempt, error, wait);
    tell(site, 'taskRetrying', task, error);
    this.running.delete(task);
    this.owner.retry(task, wait, error);
    this.continue();
  }

  private giveUp(attempt: Attempt, error: unknown): void {
    this.site.onError(attempt, error, undefined);
    endBadly(this.site, attempt.task, 'failed', error);
  }

  private release(task: Task<unknown>): void {
    this.running.delete(task);
    this.continue();
  }

  private continue(): void {
    this.owner.left();
    if (this.flow !== 'pumping') this.pump();
  }
}
