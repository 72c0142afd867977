import { availableParallelism } from 'node:os';
import type { PoolOptions } from '../../contract/tasks.js';
import type { Timer } from '../../shared/clock.js';
import { WorkerAborted } from '../../shared/errors.js';
import { endBadly, endGivenUp, endLost, tell } from './endings.js';
import { Fifo } from '../../shared/fifo.js';
import { cancelWith } from './cancel-with.js';
import { Line } from './line.js';
import type { TaskEnvironment } from './task-environment.js';
import { joined } from './own-wait.js';
import { Slots } from './slots.js';
import type { Task, TaskOwner } from './task.js';

/** A bounded pool of tasks, the first accepted first. (After Python's `ThreadPoolExecutor`, with a bound.) */
export class TaskPool implements TaskOwner {
  readonly concurrency: number;
  private readonly capacity: number;
  private readonly onFull: 'reject' | 'discard-oldest';
  private readonly queue = new Fifo<Task<unknown>>();
  /** Delayed, or waiting for a retry. */
  private readonly later = new Fifo<Task<unknown>>();
  private readonly slots: Slots;
  private readonly line = new Line(
    () => this.load < this.capacity,
    (task, delay) => this.admit(task, delay),
  );
  private readonly watchers = new Set<() => void>();

  constructor(
    readonly name: string,
    readonly environment: TaskEnvironment,
    { concurrency = Math.min(32, availableParallelism() + 4), queue = 1_000, onFull = 'reject' }: PoolOptions = {},
  ) {
    this.concurrency = concurrency;
    this.capacity = concurrency + queue;
    this.onFull = onFull;
    this.slots = new Slots(concurrency, environment, this.queue, {
      retry: (task, ms, error) => this.putOff(task, ms, { error }),
      left: () => this.left(),
    });
  }

  /** Tasks that are not over, those included whose function still runs. */
  get load(): number {
    return this.queue.length + this.later.length + this.slots.taken;
  }

  get running(): Iterable<Task<unknown>> {
    return this.slots.tasks;
  }

  /** Not begun, or not begun again; the oldest first. */
  *waiting(): Generator<Task<unknown>> {
    yield* this.queue;
    yield* this.later;
  }

  /** Those, too, that wait for room. */
  get unbegun(): readonly Task<unknown>[] {
    return [...this.line.tasks, ...this.waiting()];
  }

  /** Called whenever a task has left. @returns the end of it */
  watch(watcher: () => void): () => void {
    this.watchers.add(watcher);
    return () => this.watchers.delete(watcher);
  }

  /** @throws BackgroundWorkerError `BGW_QUEUE_FULL`, `BGW_SHUTTING_DOWN` */
  add(task: Task<unknown>, delay: number | undefined, signal?: AbortSignal): void {
    const oldest = this.assertRoom();
    if (oldest) {
      this.takeOut(oldest);
      endGivenUp(this.environment, oldest);
    }
    this.environment.intake.accepted(task);
    this.admit(task, delay);
    if (signal) cancelWith(signal, task);
  }

  /** @param more that are as good as in it @returns who is to be given up for one more. @throws BackgroundWorkerError `BGW_QUEUE_FULL`, `BGW_SHUTTING_DOWN` */
  assertRoom(more = 0): Task<unknown> | undefined {
    this.environment.intake.assertOpen(this.name);
    if (this.load + more < this.capacity) return undefined;
    const [oldest] = this.onFull === 'discard-oldest' ? this.waiting() : [];
    if (oldest) return oldest;
    throw this.environment.intake.full(this.name, this.load);
  }

  /** Resolves once there was room for it, or it was cancelled. Throws, and rejects later, with `BGW_SHUTTING_DOWN`. */
  addWhenFree(task: Task<unknown>, delay: number | undefined, signal: AbortSignal | undefined): Promise<void> {
    this.environment.intake.assertOpen(this.name);
    this.environment.intake.accepted(task);
    const left = this.line.add(task, delay);
    if (signal) cancelWith(signal, task);
    this.line.move();
    return left;
  }

  cancel(task: Task<unknown>, cause?: unknown): boolean {
    const { phase } = task;
    if (task.isSettled || (phase.type === 'running' && phase.revoked)) return false;
    const reason = new WorkerAborted('cancelled', task.name);
    if (cause !== undefined) reason.cause = cause;
    if (phase.type === 'running') phase.revoke(reason);
    else {
      this.takeOut(task);
      endBadly(this.environment, task, 'cancelled', reason);
      this.left();
    }
    return true;
  }

  /** What an engine owns is handed back. */
  cancelWaiting(): void {
    for (const task of this.unbegun) void (task.spec.engine ? this.lose(task) : this.cancel(task));
  }

  /** The app ends before its turn comes (again); or it is an engine's, which has it again. */
  lose(task: Task<unknown>): void {
    const { phase } = task;
    if (task.isSettled) return;
    this.takeOut(task);
    endLost(this.environment, task, phase.type === 'waiting' ? phase.after : undefined);
    this.left();
  }

  /** Those of them that wait for room wait in vain. */
  turnAway(includes: (task: Task<unknown>) => boolean): void {
    for (const task of this.line.tasks)
      if (includes(task)) this.line.refuse(task, this.environment.intake.closed(this.name));
  }

  joined(task: Task<unknown>, wait: () => Promise<boolean>): Promise<boolean> {
    return joined(this.environment.inside, task, wait);
  }

  named(task: Task<unknown>): void {
    this.environment.ledger.add(task);
  }

  after(ms: number, fn: () => void): Timer {
    return this.environment.clock.after(ms, fn);
  }

  private admit(task: Task<unknown>, delay = 0): void {
    if (delay > 0) this.putOff(task, delay, undefined);
    else this.enqueue(task);
    tell(this.environment, 'taskQueued', task);
    if (task.phase.type === 'waiting' && task.phase.due > this.environment.intake.until) this.lose(task);
  }

  private enqueue(task: Task<unknown>): void {
    this.queue.push(task);
    this.slots.wake();
  }

  private putOff(task: Task<unknown>, ms: number, after: { readonly error: unknown } | undefined): void {
    const due = this.environment.clock.now() + ms;
    const begin = (): void => (this.takeOut(task), this.enqueue(task));
    const timer = this.environment.clock.after(ms, begin);
    task.phase = { type: 'waiting', timer, due, after };
    this.later.push(task);
  }

  private takeOut(task: Task<unknown>): void {
    if (this.line.delete(task)) return;
    if (task.phase.type === 'waiting') {
      task.phase.timer.cancel();
      this.later.delete(task);
      task.phase = { type: 'queued' };
    } else this.queue.delete(task);
  }

  /** A task has, or the app ends. */
  left(): void {
    this.line.move();
    if (this.watchers.size > 0) for (const watcher of [...this.watchers]) watcher();
  }
}
