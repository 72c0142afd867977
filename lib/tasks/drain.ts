import type { Clock, Timer } from '../shared/clock.js';
import { deferred } from '../shared/deferred.js';
import { WorkerAborted } from '../shared/errors.js';
import type { PoolSite } from './pool-site.js';
import type { TaskPool } from './pool.js';
import type { Task } from './task.js';

/** What became of the tasks that were drained. */
export interface DrainReport {
  readonly drained: number;
  /** Never begun, or never tried again. */
  readonly lost: number;
  /** Still running when the time was up: names and ids. */
  readonly abandoned: readonly string[];
}

export interface DrainLimits {
  readonly deadline: number;
  /** Running tasks' signals abort this long before. */
  readonly grace: number;
  /** Which tasks it is about. */
  includes(task: Task<unknown>): boolean;
  /** Told once, after a second, of those that are left. */
  onSlow(left: readonly Task<unknown>[]): void;
}

const SLOW = 1_000;

/** Waits for the tasks of these pools; cuts what is left `grace` before the deadline, and abandons it at the deadline. */
export class Drain {
  private readonly begun: number;
  private readonly timers: Timer[] = [];
  private readonly watches: (() => void)[];
  private lost = 0;
  private resolve!: (report: DrainReport) => void;
  readonly finished = new Promise<DrainReport>((resolve) => (this.resolve = resolve));

  constructor(
    private readonly pools: readonly TaskPool[],
    private readonly clock: Clock,
    private readonly limits: DrainLimits,
  ) {
    const { deadline, grace } = limits;
    this.begun = this.left().length;
    this.watches = pools.map((pool) => pool.watch(() => this.check()));
    this.loseAfter(deadline);
    const left = Math.max(0, deadline - clock.now());
    this.timers.push(clock.after(left - Math.min(grace, left / 2), () => this.cut(), { limit: true }));
    this.timers.push(clock.after(left, () => this.abandon(), { limit: true }));
    this.timers.push(clock.after(SLOW, () => limits.onSlow(this.left())));
    this.check();
  }

  /** Waits no longer. */
  abandon(): void {
    this.cut();
    this.end();
  }

  /** Nothing begins any more, and what runs is told to stop. */
  private cut(): void {
    for (const pool of this.pools) pool.turnAway((task) => this.limits.includes(task));
    this.loseAfter(-Infinity);
    for (const { phase, name } of this.running()) {
      if (phase.is === 'running') phase.cancel(new WorkerAborted('shutdown', name, this.limits.deadline));
    }
  }

  private loseAfter(time: number): void {
    for (const pool of this.pools) {
      for (const task of [...pool.waiting()]) {
        const isDue = task.phase.is === 'waiting' ? task.phase.due : this.clock.now();
        if (isDue <= time || !this.limits.includes(task)) continue;
        this.lost += 1;
        pool.lose(task);
      }
    }
  }

  private running(): readonly Task<unknown>[] {
    return this.pools.flatMap((pool) => [...pool.running]).filter((task) => this.limits.includes(task));
  }

  private left(): readonly Task<unknown>[] {
    const waiting = this.pools.flatMap((pool) => [...pool.waiting()]).filter((task) => this.limits.includes(task));
    return [...this.running(), ...waiting];
  }

  /** Asked after every task: the first that is found answers. */
  private isOver(): boolean {
    for (const pool of this.pools) {
      for (const task of pool.running) if (this.limits.includes(task)) return false;
      for (const task of pool.waiting()) if (this.limits.includes(task)) return false;
    }
    return true;
  }

  private check(): void {
    if (this.isOver()) this.end();
  }

  private end(): void {
    for (const timer of this.timers) timer.cancel();
    for (const unwatch of this.watches) unwatch();
    const abandoned = this.running().map(({ name, id }) => `${name} (${id})`);
    this.resolve({ drained: Math.max(0, this.begun - this.lost - abandoned.length), lost: this.lost, abandoned });
  }
}

const NAMED = 10;

/** The first ten with their ids. */
export function namesOf(tasks: readonly Task<unknown>[]): string {
  const names = tasks.slice(0, NAMED).map(({ name, id }) => `${name} (${id})`);
  return `${names.join(', ')}${tasks.length > NAMED ? ` and ${tasks.length - NAMED} more` : ''}`;
}

/** Resolves once nothing is left in these pools, or the time is up: the log names what is left then. */
export async function whenIdle(site: PoolSite, pools: readonly TaskPool[], timeout = Infinity): Promise<void> {
  const load = (): number => pools.reduce((sum, pool) => sum + pool.load, 0);
  if (load() === 0) return;
  const over = deferred();
  const unwatch = pools.map((pool) => pool.watch(() => (load() === 0 ? over.resolve() : undefined)));
  const timer = timeout === Infinity ? undefined : site.clock.after(timeout, () => over.resolve());
  await over.promise;
  timer?.cancel();
  for (const end of unwatch) end();
  const left = pools.flatMap((pool) => [...pool.running, ...pool.waiting()]);
  if (left.length === 0) return;
  site.taskLogger.warn(`drain() has waited ${timeout} ms; abandoned, not finished: ${namesOf(left)}`);
}
