import { AsyncResource } from 'node:async_hooks';
import { backoffDelay } from '../shared/backoff.js';
import { isThenable } from '../shared/deferred.js';
import { WorkerAborted, isAbortBy, isDoNotRestart } from '../shared/errors.js';
import { isBare } from '../units/environment.js';
import { executeUnit } from '../units/unit-runner.js';
import { Attempt } from './attempt.js';
import { endBadly, endLost, endWell, tell } from './endings.js';
import { Fifo } from '../shared/fifo.js';
import { Follower, type AttemptEnds } from './follower.js';
import type { PoolSite } from './pool-site.js';
import type { Task } from './task.js';

/** What the slots need of their pool. */
export interface SlotOwner {
  retry(task: Task<unknown>, ms: number, error: unknown): void;
  /** A slot was left. */
  left(): void;
}

/** Runs tasks, at most so many at a time. A slot is free again when the function has settled, whatever became of the task before. */
export class Slots implements AttemptEnds {
  private readonly running = new Fifo<Task<unknown>>();
  /** Idle ones. */
  private readonly followers: Follower[] = [];
  private flow: 'idle' | 'scheduled' | 'pumping' = 'idle';

  constructor(
    private readonly count: number,
    private readonly site: PoolSite,
    private readonly queue: Fifo<Task<unknown>>,
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
    this.site.root.defer(this.pump);
  }

  private readonly pump = (): void => {
    this.flow = 'pumping';
    while (this.running.length < this.count) {
      const task = this.queue.shift();
      if (!task) break;
      this.begin(task);
    }
    this.flow = 'idle';
  };

  private begin(task: Task<unknown>): void {
    const attempt = new Attempt(this.site, task);
    const { timeout, within } = task.spec;
    task.attempts += 1;
    task.phase = attempt;
    this.running.push(task);
    tell(this.site, 'taskStarted', task);
    if (timeout !== undefined) attempt.limit(timeout, () => this.site.root.run(() => this.timedOut(attempt)));
    let out: unknown;
    try {
      out = within ? within(() => this.alone(attempt)) : this.alone(attempt);
      if (isThenable(out)) return this.follow(attempt, out);
    } catch (error) {
      return this.failed(attempt, error);
    }
    this.succeeded(attempt, out);
  }

  private follow(attempt: Attempt, out: PromiseLike<unknown>): void {
    (this.followers.pop() ?? new Follower(this, this.followers)).follow(attempt, out);
  }

  /** In an async scope of its own: what a task puts there with `AsyncLocalStorage.enterWith()` no other sees. */
  private alone(attempt: Attempt): unknown {
    return new AsyncResource('BackgroundTask').runInAsyncScope(this.execute, undefined, attempt);
  }

  private readonly execute = (attempt: Attempt): unknown => {
    const { site } = this;
    site.inside.enter(attempt.task);
    return isBare(site) ? attempt.work() : executeUnit(attempt);
  };

  /** Without a retry left the task is over, but for its slot. */
  private timedOut(attempt: Attempt): void {
    const { task } = attempt;
    const reason = new WorkerAborted('timeout', task.name);
    if (task.attempts > task.spec.retries && !attempt.revoked) this.giveUp(attempt, reason);
    attempt.cancel(reason);
  }

  succeeded(attempt: Attempt, value: unknown): void {
    const { task, reason } = attempt;
    if (reason?.why === 'timeout') return this.failed(attempt, reason);
    attempt.end();
    try {
      if (!task.isSettled) endWell(this.site, task, value);
    } finally {
      this.release(task);
    }
  }

  failed(attempt: Attempt, thrown: unknown): void {
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
    this.freed();
  }

  private giveUp(attempt: Attempt, error: unknown): void {
    this.site.onError(attempt, error, undefined);
    endBadly(this.site, attempt.task, 'failed', error);
  }

  private release(task: Task<unknown>): void {
    this.running.delete(task);
    this.freed();
  }

  private freed(): void {
    this.owner.left();
    if (this.flow !== 'pumping') this.pump();
  }
}
