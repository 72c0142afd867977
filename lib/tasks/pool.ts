import { availableParallelism } from 'node:os';
import type { EventType } from '../contract/events.js';
import type { PoolOptions, SubmitOptions } from '../contract/tasks.js';
import { backoffDelay } from '../shared/backoff.js';
import type { Timer } from '../shared/clock.js';
import { isThenable } from '../shared/deferred.js';
import { BackgroundWorkerError, WorkerAborted, isAbortBy, isDoNotRestart } from '../shared/errors.js';
import { executeUnit } from '../units/unit-runner.js';
import { Attempt } from './attempt.js';
import { Fifo } from './fifo.js';
import type { PoolSite } from './pool-site.js';
import { specOf } from './spec.js';
import { Task, type TaskFunction, type TaskOwner, type TaskSpec } from './task.js';

/** A lane runs one task after another, in the root context; `current` tells whose code runs in it. */
interface Lane {
  current: Task<unknown> | undefined;
}

/** A bounded pool of tasks: the queue is linked, its lanes are started once for many tasks. */
export class TaskPool implements TaskOwner {
  readonly concurrency: number;
  private readonly capacity: number;
  private readonly queue = new Fifo<Task<unknown>>();
  /** Delayed, or waiting for a retry. */
  private readonly later = new Set<Task<unknown>>();
  private readonly running = new Set<Task<unknown>>();
  private lanes = 0;
  private readonly watchers = new Set<() => void>();

  constructor(
    readonly name: string,
    private readonly site: PoolSite,
    options: PoolOptions = {},
  ) {
    this.concurrency = options.concurrency ?? Math.min(32, availableParallelism() + 4);
    this.capacity = this.concurrency + (options.queue ?? 1_000);
    this.onFull = options.onFull ?? 'reject';
  }

  private readonly onFull: 'reject' | 'discard-oldest';

  /** Tasks that are not settled. */
  get load(): number {
    return this.queue.length + this.later.size + this.running.size;
  }

  get isFull(): boolean {
    return this.load >= this.capacity;
  }

  /** @throws BackgroundWorkerError `BGW_QUEUE_FULL`, `BGW_INVALID_OPTION` */
  submit<T>(fn: TaskFunction<T>, options?: SubmitOptions, id?: string): Task<T> {
    const spec = specOf(this.site, fn, options, id);
    if (this.isFull) this.makeRoom();
    const task = new Task<T>(this, fn, spec);
    const { signal, delay } = options ?? {};
    this.emit('taskQueued', task as Task<unknown>);
    if (delay !== undefined && delay > 0) this.putOff(task as Task<unknown>, delay, false);
    else this.enqueue(task as Task<unknown>);
    if (signal) this.follow(signal, task as Task<unknown>);
    return task;
  }

  cancel(task: Task<unknown>, reason?: unknown): boolean {
    const { phase } = task;
    const aborted = new WorkerAborted('cancelled', this.nameOf(task));
    if (reason !== undefined) aborted.cause = reason;
    if (phase.is === 'running') {
      if (phase.attempt.reason) return false;
      phase.attempt.cancel(aborted);
      return true;
    }
    if (task.isSettled) return false;
    this.drop(task, 'cancelled', aborted);
    return true;
  }

  joined<T>(task: Task<unknown>, wait: () => Promise<T>): Promise<T> {
    const own = this.site.inside.some((owner) => (owner as Partial<Lane>).current === task);
    return own ? this.site.selfJoin(`the task ${this.nameOf(task)}`, 'join') : wait();
  }

  /** Called after every task that settled. @returns the end of it */
  watch(watcher: () => void): () => void {
    this.watchers.add(watcher);
    return () => this.watchers.delete(watcher);
  }

  named(task: Task<unknown>): void {
    this.site.ledger.add(task);
  }

  after(ms: number, fn: () => void): Timer {
    return this.site.clock.after(ms, fn);
  }

  /** Inside one of this pool's own tasks. */
  get isInside(): boolean {
    return this.site.inside.some((owner) => this.running.has((owner as Partial<Lane>).current as Task<unknown>));
  }

  get tasks(): { readonly running: readonly Task<unknown>[]; readonly later: readonly Task<unknown>[] } {
    return { running: [...this.running], later: [...this.later] };
  }

  cancelQueued(): void {
    for (let task = this.queue.shift(); task; task = this.queue.shift()) {
      this.settled(task, 'cancelled', new WorkerAborted('cancelled', this.nameOf(task)));
    }
    for (const task of this.later) this.cancel(task);
  }

  /** A task that will not run. */
  drop(task: Task<unknown>, as: 'cancelled' | 'discarded', error: unknown): void {
    if (task.phase.is === 'queued') this.queue.delete(task);
    if (task.phase.is === 'waiting') task.phase.timer.cancel();
    this.later.delete(task);
    this.settled(task, as, error);
  }

  nameOf({ spec, fn }: Task<unknown>): string {
    return spec.name || fn.name || 'task';
  }

  private makeRoom(): void {
    const oldest = this.onFull === 'discard-oldest' ? this.queue.shift() : undefined;
    if (!oldest) throw this.site.refuse(this.name, this.load);
    this.settled(
      oldest,
      'discarded',
      new BackgroundWorkerError(
        'BGW_TASK_DISCARDED',
        `${this.nameOf(oldest)} was discarded: the queue of pool "${this.name}" was full`,
      ),
    );
  }

  private enqueue(task: Task<unknown>): void {
    task.phase = { is: 'queued' };
    this.queue.push(task);
    if (this.lanes >= this.concurrency) return;
    this.lanes += 1;
    const lane: Lane = { current: undefined };
    this.site.root(() => this.site.inside.run(lane, () => void this.lane(lane)));
  }

  private putOff(task: Task<unknown>, ms: number, retry: boolean): void {
    const due = this.site.clock.now() + ms;
    const timer = this.site.clock.after(ms, () => {
      this.later.delete(task);
      this.enqueue(task);
    });
    task.phase = { is: 'waiting', timer, due, retry };
    this.later.add(task);
  }

  private async lane(lane: Lane): Promise<void> {
    await null;
    for (let task = this.queue.shift(); task; task = this.queue.shift()) {
      lane.current = task;
      this.running.add(task);
      const attempt = this.begin(task);
      try {
        const out = this.execute(task, attempt);
        this.succeeded(task, isThenable(out) ? await out : out);
      } catch (error) {
        this.failed(task, attempt, error);
      }
      lane.current = undefined;
    }
    this.lanes -= 1;
  }

  private begin(task: Task<unknown>): Attempt {
    const { spec } = task;
    task.attempt += 1;
    const attempt = new Attempt(this.site, task, { kind: 'task', name: this.nameOf(task), headers: spec.headers });
    task.phase = { is: 'running', attempt };
    this.emit('taskStarted', task);
    if (spec.timeout !== undefined) this.limit(task, attempt, spec);
    return attempt;
  }

  private execute(task: Task<unknown>, attempt: Attempt): unknown {
    const { fn, spec } = task;
    const work = spec.within ? () => spec.within?.(() => fn(attempt)) : fn;
    return this.site.isBare() ? work(attempt) : executeUnit(this.site, attempt, () => work(attempt));
  }

  private limit(task: Task<unknown>, attempt: Attempt, { timeout = 0, retries }: TaskSpec): void {
    attempt.timer = this.site.clock.after(
      timeout,
      () => {
        const reason = new WorkerAborted('timeout', this.nameOf(task));
        if (task.attempt > retries) task.rejectEarly(reason);
        attempt.cancel(reason);
      },
      { limit: true },
    );
  }

  private succeeded(task: Task<unknown>, value: unknown): void {
    const { phase } = task;
    const reason = phase.is === 'running' ? phase.attempt.end() : undefined;
    if (reason?.why === 'timeout') return this.failed(task, undefined, reason);
    this.running.delete(task);
    task.settle({ is: 'done', value });
    this.emit('taskCompleted', task);
    this.told();
  }

  private failed(task: Task<unknown>, attempt: Attempt | undefined, thrown: unknown): void {
    const reason = attempt?.end();
    const error = reason?.why === 'timeout' ? reason : thrown;
    this.running.delete(task);
    if (reason && reason.why !== 'timeout' && isAbortBy(reason, thrown)) return this.settled(task, 'cancelled', reason);
    const { spec, attempt: number } = task;
    const again =
      number <= spec.retries && !isDoNotRestart(error) && (reason === undefined || reason.why === 'timeout');
    const wait = again ? backoffDelay(spec.backoff, number, this.site.clock.random()) : undefined;
    this.site.onError(attempt, error, {
      kind: 'task',
      name: this.nameOf(task),
      attempt: number,
      willRetryIn: wait,
      final: !again,
    });
    if (wait === undefined) return this.settled(task, 'failed', error);
    this.emit('taskRetrying', task, error);
    this.putOff(task, wait, true);
  }

  private settled(task: Task<unknown>, as: 'failed' | 'cancelled' | 'discarded', error: unknown): void {
    const events = { failed: 'taskFailed', cancelled: 'taskCancelled', discarded: 'taskDiscarded' } as const;
    task.settle({ is: as, error });
    this.emit(events[as], task, error);
    if (as === 'failed') this.site.ledger.failed(task, this.nameOf(task));
    this.told();
  }

  private told(): void {
    for (const watcher of [...this.watchers]) watcher();
  }

  private follow(signal: AbortSignal, task: Task<unknown>): void {
    const cancel = (): void => void this.cancel(task, signal.reason);
    if (signal.aborted) return cancel();
    signal.addEventListener('abort', cancel, { once: true });
    void task.join().then(() => signal.removeEventListener('abort', cancel));
  }

  private emit(
    type: Extract<EventType, `task${string}`> & Exclude<EventType, 'taskProgress'>,
    task: Task<unknown>,
    error?: unknown,
  ): void {
    if (this.site.hub.wants(type)) this.site.hub.emit({ task: task.id }, { type, error, attempt: task.attempt });
  }
}
