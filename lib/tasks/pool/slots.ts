import { backoffDelay } from '../../shared/backoff.js';
import { isAbortBy, isDoNotRestart, type WorkerAborted } from '../../shared/errors.js';
import { runInRow, runUnitHere } from '../../units/unit-runner.js';
import { isFollowing, lookAt } from '../../shared/following.js';
import { Attempt, type AttemptEnds } from './attempt.js';
import { engineRetryIn } from './engine.js';
import { endBadly, endCut, endLost, endWell, tell, tellOfRetry } from './endings.js';
import { reportFailure } from './report-failure.js';
import { Fifo } from '../../shared/fifo.js';
import { Turn } from '../../shared/turn.js';
import type { TaskEnvironment } from './task-environment.js';
import type { Task } from './task.js';

/** What the slots need of their pool. */
export interface SlotOwner {
  retry(task: Task<unknown>, ms: number, error: unknown): void;
  /** A slot was left. */
  left(): void;
}

const NOW = Promise.resolve();

/** Runs tasks, at most so many at a time. A slot is free again when the function has settled, whatever became of the task before. */
export class Slots implements AttemptEnds {
  private readonly running = new Fifo<Task<unknown>>();
  private flow: 'idle' | 'scheduled' | 'pumping' = 'idle';
  private readonly turn: Turn;

  constructor(
    private readonly count: number,
    private readonly environment: TaskEnvironment,
    private readonly queue: Fifo<Task<unknown>>,
    private readonly owner: SlotOwner,
  ) {
    this.turn = new Turn(environment.clock, () => this.pumpOn());
  }

  get taken(): number {
    return this.running.length;
  }

  get tasks(): Iterable<Task<unknown>> {
    return this.running;
  }

  /**
   * Something waits: one microtask begins all that there is room for, in the root context and never in the caller's stack. A
   * long turn of the event loop goes on in the next: timers and sockets come in between.
   */
  wake(): void {
    if (this.flow !== 'idle' || this.running.length >= this.count) return;
    this.flow = 'scheduled';
    lookAt(NOW.then(this.pumpInRoot));
  }

  private readonly pump = (): void => {
    this.flow = 'pumping';
    const wasFollowing = isFollowing();
    while (this.running.length < this.count && this.queue.length > 0 && !this.turn.isLong) {
      const task = this.queue.shift();
      if (task) this.begin(task);
      if (isFollowing() !== wasFollowing) break;
    }
    this.flow = 'idle';
    // A task has just had Node follow contexts, and may have written to this one.
    if (isFollowing() !== wasFollowing) this.pumpOn();
  };

  private begin(task: Task<unknown>): void {
    const attempt = new Attempt(this.environment, task, this);
    const { within } = task.spec;
    task.attempts += 1;
    task.phase = attempt;
    this.running.push(task);
    tell(this.environment, 'taskStarted', task);
    lookAt(within ? within(runUnitHere, attempt) : runInRow(attempt));
  }

  /** Without a retry left the task is over, but for its slot. */
  timedOut(attempt: Attempt, reason: WorkerAborted): void {
    const { task } = attempt;
    if (task.attempts > task.spec.retries && !attempt.revoked) this.giveUp(attempt, reason);
  }

  succeeded(attempt: Attempt, value: unknown): void {
    const { task, reason } = attempt;
    if (reason?.why === 'timeout') return this.failed(attempt, reason);
    try {
      if (!task.isSettled) endWell(this.environment, task, value);
    } finally {
      this.release(task);
    }
  }

  failed(attempt: Attempt, thrown: unknown): void {
    const { task, reason, revoked } = attempt;
    if (task.isSettled) return this.release(task);
    const cause = revoked ?? reason;
    if (cause && cause.why !== 'timeout' && isAbortBy(cause, thrown)) {
      if (cause.why === 'shutdown') endCut(this.environment, task, cause);
      else endBadly(this.environment, task, 'cancelled', cause);
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
    const { environment } = this;
    const { task } = attempt;
    const wait = backoffDelay(task.spec.backoff, task.attempts, environment.clock.random());
    if (environment.clock.now() + wait > environment.intake.until) {
      endLost(environment, task, { error });
      reportFailure(attempt, error, undefined);
      return this.release(task);
    }
    this.running.delete(task);
    this.owner.retry(task, wait, error);
    reportFailure(attempt, error, wait);
    tellOfRetry(environment, task, error, wait);
    this.freed();
  }

  private giveUp(attempt: Attempt, error: unknown): void {
    endBadly(this.environment, attempt.task, 'failed', error);
    reportFailure(attempt, error, engineRetryIn(attempt.task, error));
  }

  private release(task: Task<unknown>): void {
    this.running.delete(task);
    this.freed();
  }

  private freed(): void {
    this.owner.left();
    if (this.queue.length > 0) this.wake();
  }

  private pumpOn(): void {
    if (this.queue.length > 0) this.pumpInRoot();
  }

  private readonly pumpInRoot = (): void => this.environment.root.runRow(this.pump);
}
