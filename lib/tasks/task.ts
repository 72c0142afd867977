import { randomUUID } from 'node:crypto';
import type { TaskContext, TaskHandle, TaskState, TaskStatus } from '../contract/tasks.js';
import type { BackoffOptions } from '../shared/backoff.js';
import type { Timer } from '../shared/clock.js';
import { deferred, handled, type Deferred } from '../shared/deferred.js';
import { messageOf } from '../shared/errors.js';
import type { Attempt } from './attempt.js';
import type { Link } from './fifo.js';

export type TaskFunction<T> = (ctx: TaskContext) => T | PromiseLike<T>;

/** What of `SubmitOptions` is not the default. */
export interface TaskSpec {
  readonly name: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly retries: number;
  readonly backoff: BackoffOptions;
  readonly timeout: number | undefined;
  /** Runs the function in the submitter's context. */
  readonly within: (<R>(fn: () => R) => R) | undefined;
  readonly id: string | undefined;
}

/** Where a task is in its life. `running` with a settled result: its time-out has passed, the function goes on. */
export type TaskPhase<T> =
  | { readonly is: 'queued' }
  | { readonly is: 'running'; readonly attempt: Attempt }
  | { readonly is: 'waiting'; readonly timer: Timer; readonly due: number; readonly retry: boolean }
  | { readonly is: 'done'; readonly value: T }
  | { readonly is: 'failed' | 'cancelled' | 'discarded'; readonly error: unknown };

/** What a task needs of its pool. */
export interface TaskOwner {
  cancel(task: Task<unknown>, reason: unknown): boolean;
  joined<T>(task: Task<unknown>, wait: () => Promise<T>): Promise<T>;
  named(task: Task<unknown>): void;
  after(ms: number, fn: () => void): Timer;
}

const QUEUED = { is: 'queued' } as const;

export class Task<T> implements TaskHandle<T>, Link<Task<unknown>> {
  before: Task<unknown> | undefined = undefined;
  after: Task<unknown> | undefined = undefined;
  phase: TaskPhase<T> = QUEUED;
  attempt = 0;
  progress: TaskStatus['progress'] = undefined;
  /** The result rejected at a time-out while the function goes on. */
  early: { readonly error: unknown } | undefined = undefined;
  private uuid: string | undefined = undefined;
  private answer: Deferred<T> | undefined = undefined;
  private settled: Deferred<void> | undefined = undefined;

  constructor(
    private readonly owner: TaskOwner,
    readonly fn: TaskFunction<T>,
    readonly spec: TaskSpec,
  ) {}

  get id(): string {
    if (this.uuid === undefined) {
      this.uuid = this.spec.id ?? randomUUID();
      this.owner.named(this);
    }
    return this.uuid;
  }

  get state(): TaskState {
    const { phase } = this;
    return phase.is === 'waiting' ? (phase.retry ? 'retrying' : 'queued') : phase.is;
  }

  get isSettled(): boolean {
    return this.phase.is !== 'queued' && this.phase.is !== 'running' && this.phase.is !== 'waiting';
  }

  /** Somebody looks at how it ends. */
  get isRead(): boolean {
    return this.answer !== undefined;
  }

  get result(): Promise<T> {
    if (!this.answer) {
      this.answer = deferred<T>();
      handled(this.answer.promise);
      if (this.early) this.answer.reject(this.early.error);
      else this.tell();
    }
    return this.answer.promise;
  }

  get status(): TaskStatus {
    const { id, state, attempt, progress, phase } = this;
    const error = 'error' in phase ? messageOf(phase.error) : undefined;
    return {
      id,
      name: this.spec.name,
      state,
      attempt,
      ...(progress && { progress }),
      ...(error !== undefined && { error }),
    };
  }

  cancel(reason?: unknown): boolean {
    return this.owner.cancel(this, reason);
  }

  join({ timeout }: { timeout?: number } = {}): Promise<boolean> {
    return this.owner.joined(this, async () => {
      if (this.isSettled) return true;
      this.settled ??= deferred();
      const whole = this.settled.promise.then(() => true);
      if (timeout === undefined) return await whole;
      const limit = deferred<boolean>();
      const timer = this.owner.after(timeout, () => limit.resolve(false));
      return await Promise.race([whole, limit.promise]).finally(() => timer.cancel());
    });
  }

  /** Once; tells whoever waits. */
  settle(phase: Extract<TaskPhase<T>, { is: 'done' | 'failed' | 'cancelled' | 'discarded' }>): void {
    this.phase = phase;
    this.tell();
    this.settled?.resolve();
  }

  /** The result is known before the function has settled. */
  rejectEarly(error: unknown): void {
    this.early = { error };
    this.answer?.reject(error);
  }

  private tell(): void {
    const { phase, answer } = this;
    if (!answer) return;
    if (phase.is === 'done') answer.resolve(phase.value);
    else if ('error' in phase) answer.reject(phase.error);
  }
}
