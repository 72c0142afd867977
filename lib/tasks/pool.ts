import { availableParallelism } from 'node:os';
import type { PoolOptions } from '../contract/tasks.js';
import type { Timer } from '../shared/clock.js';
import { deferred, type Deferred } from '../shared/deferred.js';
import { BackgroundWorkerError, WorkerAborted } from '../shared/errors.js';
import { endBadly, endLost, tell } from './endings.js';
import { Fifo } from '../shared/fifo.js';
import type { PoolSite } from './pool-site.js';
import { selfJoin } from './self-join.js';
import { Slots } from './slots.js';
import type { Task, TaskOwner } from './task.js';

interface Waiting {
  readonly task: Task<unknown>;
  readonly delay: number | undefined;
  readonly admitted: Deferred<void>;
}

/** A bounded pool of tasks, the first accepted first. (After Python's `ThreadPoolExecutor`, with a bound.) */
export class TaskPool implements TaskOwner {
  readonly concurrency: number;
  private readonly capacity: number;
  private readonly onFull: 'reject' | 'discard-oldest';
  private readonly queue = new Fifo<Task<unknown>>();
  /** Delayed, or waiting for a retry. */
  private readonly later = new Fifo<Task<unknown>>();
  private readonly slots: Slots;
  /** For room. */
  private line: Waiting[] = [];
  private readonly watchers = new Set<() => void>();

  constructor(
    readonly name: string,
    readonly site: PoolSite,
    { concurrency = Math.min(32, availableParallelism() + 4), queue = 1_000, onFull = 'reject' }: PoolOptions = {},
  ) {
    this.concurrency = concurrency;
    this.capacity = concurrency + queue;
    this.onFull = onFull;
    this.slots = new Slots(concurrency, site, this.queue, {
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

  /** Called whenever a task has left. @returns the end of it */
  watch(watcher: () => void): () => void {
    this.watchers.add(watcher);
    return () => this.watchers.delete(watcher);
  }

  /** @throws BackgroundWorkerError `BGW_QUEUE_FULL`, `BGW_SHUTTING_DOWN` */
  add(task: Task<unknown>, delay: number | undefined): void {
    this.assertRoom();
    this.site.accepted(task);
    this.admit(task, delay);
  }

  /** Makes room where `onFull` says so. @throws BackgroundWorkerError `BGW_QUEUE_FULL`, `BGW_SHUTTING_DOWN` */
  assertRoom(): void {
    this.site.assertOpen(this.name);
    if (this.load >= this.capacity) this.makeRoom();
  }

  /** Resolves once there was room for it. Rejects with `BGW_SHUTTING_DOWN`. */
  async addWhenFree(task: Task<unknown>, delay: number | undefined): Promise<void> {
    this.site.assertOpen(this.name);
    this.site.accepted(task);
    if (this.load < this.capacity) return this.admit(task, delay);
    const admitted = deferred();
    this.line.push({ task, delay, admitted });
    await admitted.promise;
  }

  cancel(task: Task<unknown>, cause?: unknown): boolean {
    const { phase } = task;
    if (task.isSettled || (phase.is === 'running' && phase.revoked)) return false;
    const reason = new WorkerAborted('cancelled', task.name);
    if (cause !== undefined) reason.cause = cause;
    if (phase.is === 'running') phase.revoke(reason);
    else {
      this.takeOut(task);
      endBadly(this.site, task, 'cancelled', reason);
      this.left();
    }
    return true;
  }

  /** The app ends before its turn comes (again). */
  lose(task: Task<unknown>): void {
    const { phase } = task;
    if (task.isSettled) return;
    this.takeOut(task);
    endLost(this.site, task, phase.is === 'waiting' ? phase.after : undefined);
    this.left();
  }

  /** Those of them that wait for room wait in vain. */
  turnAway(includes: (task: Task<unknown>) => boolean): void {
    const { line } = this;
    this.line = line.filter(({ task }) => !includes(task));
    for (const { task, admitted } of line) if (includes(task)) admitted.reject(this.site.closed(this.name));
  }

  joined(task: Task<unknown>, wait: () => Promise<boolean>): Promise<boolean> {
    return this.site.inside.of(task) ? selfJoin(`the task ${task.name}`, 'join') : wait();
  }

  named(task: Task<unknown>): void {
    this.site.ledger.add(task);
  }

  after(ms: number, fn: () => void): Timer {
    return this.site.clock.after(ms, fn);
  }

  private admit(task: Task<unknown>, delay = 0): void {
    if (delay > 0) this.putOff(task, delay, undefined);
    else this.enqueue(task);
    tell(this.site, 'taskQueued', task);
    if (task.phase.is === 'waiting' && task.phase.due > this.site.until) this.lose(task);
  }

  private enqueue(task: Task<unknown>): void {
    this.queue.push(task);
    this.slots.wake();
  }

  private putOff(task: Task<unknown>, ms: number, after: { readonly error: unknown } | undefined): void {
    const due = this.site.clock.now() + ms;
    const timer = this.site.clock.after(ms, () => {
      this.takeOut(task);
      this.enqueue(task);
    });
    task.phase = { is: 'waiting', timer, due, after };
    this.later.push(task);
  }

  private takeOut(task: Task<unknown>): void {
    if (task.phase.is === 'waiting') {
      task.phase.timer.cancel();
      this.later.delete(task);
      task.phase = { is: 'queued' };
    } else this.queue.delete(task);
  }

  private makeRoom(): void {
    const [oldest] = this.onFull === 'discard-oldest' ? this.waiting() : [];
    if (!oldest) throw this.site.full(this.name, this.load);
    const message = `the task ${oldest.name} was given up for a newer one: pool "${this.name}" was full`;
    this.takeOut(oldest);
    endBadly(this.site, oldest, 'discarded', new BackgroundWorkerError('BGW_TASK_DISCARDED', message));
    this.site.discarded(this.name);
  }

  private left(): void {
    while (this.line.length > 0 && this.load < this.capacity) {
      const next = this.line.shift();
      if (!next) break;
      this.admit(next.task, next.delay);
      next.admitted.resolve();
    }
    if (this.watchers.size > 0) for (const watcher of [...this.watchers]) watcher();
  }
}
