import { randomUUID } from 'node:crypto';
import type { TaskContext, TaskHandle, TaskState, TaskStatus } from '../../contract/tasks.js';
import { JOIN_OPTIONS, checkAll } from '../../definition/check.js';
import type { Timer } from '../../shared/clock.js';
import { handled } from '../../shared/deferred.js';
import { messageOf, type WorkerAborted } from '../../shared/errors.js';
import type { UnitSpec } from '../../units/environment.js';
import type { Link } from '../../shared/fifo.js';
import { Joiners } from './joiners.js';
import type { TaskSpec } from './task-spec.js';

export type TaskFunction<T> = (ctx: TaskContext) => T | PromiseLike<T>;

/** How a task ended. */
export type Ending<T> =
  | { readonly type: 'done'; readonly value: T }
  | { readonly type: 'failed' | 'cancelled' | 'discarded'; readonly error: unknown };

/** One attempt, under way. */
export interface Running {
  readonly type: 'running';
  /** Somebody cancelled the task: no further attempt follows. */
  readonly revoked: WorkerAborted | undefined;
  /** Node follows no contexts in it: a wait for it may be its own. */
  readonly isBlind: boolean;
  /** A call that waits for it, and may be its own. */
  suspect: 'join' | 'drain' | undefined;
  revoke(reason: WorkerAborted): void;
  /** Aborts its signal. */
  cancel(reason: WorkerAborted): void;
}

/** Where a task is in its life. One that timed out for good is `failed` while its function may still run. */
export type TaskPhase<T> =
  | { readonly type: 'queued' }
  | Running
  | {
      readonly type: 'waiting';
      readonly timer: Timer;
      readonly due: number;
      /** The failure before a retry; none where a first attempt is delayed. */
      readonly after: { readonly error: unknown } | undefined;
    }
  | Ending<T>;

/** What a task needs of its pool. */
export interface TaskOwner {
  readonly name: string;
  add(task: Task<unknown>, delay: number | undefined): void;
  cancel(task: Task<unknown>, reason: unknown): boolean;
  joined(task: Task<unknown>, wait: () => Promise<boolean>): Promise<boolean>;
  named(task: Task<unknown>): void;
  after(ms: number, fn: () => void): Timer;
}

const QUEUED = { type: 'queued' } as const;
export const DONE: Ending<undefined> = { type: 'done', value: undefined };

let lastResolve: (value: unknown) => void;
/** An executor for all: no closure a task for what is over before anything else runs. */
const keepResolve = (resolve: (value: unknown) => void): void => void (lastResolve = resolve);

/** One submitted call: its handle, its place in a queue, and where it is in its life. */
export class Task<T> implements TaskHandle<T>, Link<Task<unknown>>, UnitSpec {
  before: Task<unknown> | undefined = undefined;
  after: Task<unknown> | undefined = undefined;
  phase: TaskPhase<T> = QUEUED;
  attempts = 0;
  progress: TaskStatus['progress'];
  private uuid: string | undefined;
  private answer: Promise<T> | undefined = undefined;
  private resolve: ((value: unknown) => void) | undefined = undefined;
  private joiners: Joiners | undefined;

  constructor(
    readonly pool: TaskOwner,
    readonly fn: TaskFunction<T>,
    readonly spec: TaskSpec,
  ) {}

  get kind(): 'task' {
    return 'task';
  }

  get name(): string {
    return this.spec.name || this.fn.name || 'task';
  }

  get headers(): Readonly<Record<string, string>> {
    return this.spec.headers;
  }

  get timeout(): number | undefined {
    return this.spec.timeout;
  }

  get id(): string {
    if (this.uuid === undefined) {
      this.uuid = this.spec.id ?? randomUUID();
      this.pool.named(this);
    }
    return this.uuid;
  }

  get state(): TaskState {
    const { phase } = this;
    return phase.type === 'waiting' ? (phase.after ? 'retrying' : 'queued') : phase.type;
  }

  get isSettled(): boolean {
    const { type } = this.phase;
    return type !== 'queued' && type !== 'running' && type !== 'waiting';
  }

  /** Somebody asked for its id. */
  get isNamed(): boolean {
    return this.uuid !== undefined;
  }

  /** Somebody looks at how it ends. */
  get isRead(): boolean {
    return this.answer !== undefined;
  }

  get result(): Promise<T> {
    if (!this.answer) {
      this.answer = new Promise<unknown>(keepResolve) as Promise<T>;
      this.resolve = lastResolve;
      this.tell();
    }
    return this.answer;
  }

  get status(): TaskStatus {
    const { id, name, state, attempts: attempt, progress, phase } = this;
    const failure = phase.type === 'waiting' ? phase.after : 'error' in phase ? phase : undefined;
    const error = failure && messageOf(failure.error);
    return { id, name, state, attempt, ...(progress && { progress }), ...(error !== undefined && { error }) };
  }

  cancel(reason?: unknown): boolean {
    return this.pool.cancel(this, reason);
  }

  join(options: { timeout?: number } = {}): Promise<boolean> {
    checkAll('TaskHandle.join()', options, JOIN_OPTIONS);
    const { timeout = Infinity } = options;
    return this.pool.joined(this, () =>
      this.isSettled
        ? Promise.resolve(true)
        : (this.joiners ??= new Joiners()).wait(timeout, (ms, fn) => this.pool.after(ms, fn)),
    );
  }

  /** Once; tells whoever waits. */
  settle(ending: Ending<T>): void {
    this.phase = ending;
    if (this.answer) this.tell();
    this.joiners?.end(true);
  }

  /** The app ends while it runs: nobody waits any longer. */
  abandon(): void {
    this.joiners?.end(false);
  }

  private tell(): void {
    const { phase, answer } = this;
    if (!answer) return;
    if (phase.type === 'done') this.resolve?.(phase.value);
    else if ('error' in phase) {
      void handled(answer);
      this.resolve?.(handled(Promise.reject(phase.error)));
    }
  }
}
