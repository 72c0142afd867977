import { JOIN_OPTIONS, checkAll } from '../../definition/check.js';
import type { Clock, Timer } from '../../shared/clock.js';
import { deferred } from '../../shared/deferred.js';
import { inTime } from '../../shared/in-time.js';
import { WorkerAborted } from '../../shared/errors.js';
import { described, suspect } from '../pool/own-wait.js';
import type { TaskEnvironment } from '../pool/task-environment.js';
import type { TaskPool } from '../pool/pool.js';
import type { Task } from '../pool/task.js';

export interface DrainLimits {
  readonly deadline: number;
  /** Running tasks' signals abort this long before. */
  readonly grace: number;
  /** Which tasks it is about. */
  includes(task: Task<unknown>): boolean;
  /** Told once, after a second, of those that are left. */
  onSlow(left: readonly Task<unknown>[], cutIn: number): void;
}

const SLOW = 1_000;

type Which = Pick<DrainLimits, 'includes'>;
const ALL: Which = { includes: () => true };

/** What of these is not over, the running first. */
function* tasksOf(pools: readonly TaskPool[], { includes }: Which): Generator<Task<unknown>> {
  for (const pool of pools) for (const task of pool.running) if (includes(task)) yield task;
  for (const pool of pools) for (const task of pool.waiting()) if (includes(task)) yield task;
}

/** Asked after every task: the first that is found answers. */
export const isBusy = (pools: readonly TaskPool[], which: Which): boolean => !tasksOf(pools, which).next().done;

/** Waits for the tasks of these pools; cuts what is left `grace` before the deadline, and abandons it at the deadline. */
export class Drain {
  private readonly timers: Timer[] = [];
  private readonly watches: (() => void)[];
  private readonly over = deferred<readonly string[]>();

  constructor(
    private readonly pools: readonly TaskPool[],
    private readonly clock: Clock,
    private readonly limits: DrainLimits,
  ) {
    const { deadline, grace } = limits;
    this.watches = pools.map((pool) => pool.watch(() => this.check()));
    this.loseAfter(deadline);
    const left = Math.max(0, deadline - clock.now());
    const cutAt = left - Math.min(grace, left / 2);
    this.timers.push(clock.after(cutAt, () => this.cut(), { limit: true }));
    this.timers.push(clock.after(left, () => this.abandon(), { limit: true }));
    this.timers.push(clock.after(SLOW, () => limits.onSlow([...tasksOf(pools, limits)], Math.max(0, cutAt - SLOW))));
    this.check();
  }

  /** The names and ids of those that still run when the time is up. */
  get finished(): Promise<readonly string[]> {
    return this.over.promise;
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
      if (phase.type === 'running') phase.cancel(new WorkerAborted('shutdown', name, this.limits.deadline));
    }
  }

  private loseAfter(time: number): void {
    for (const pool of this.pools) {
      for (const task of [...pool.waiting()]) {
        const isDue = task.phase.type === 'waiting' ? task.phase.due : this.clock.now();
        if (isDue <= time || !this.limits.includes(task)) continue;
        pool.lose(task);
      }
    }
  }

  private running(): readonly Task<unknown>[] {
    return this.pools.flatMap((pool) => [...pool.running]).filter((task) => this.limits.includes(task));
  }

  private check(): void {
    if (!isBusy(this.pools, this.limits)) this.end();
  }

  private end(): void {
    for (const timer of this.timers) timer.cancel();
    for (const unwatch of this.watches) unwatch();
    const left = this.running();
    for (const task of left) task.abandon();
    this.over.resolve(left.map(described));
  }
}

const NAMED = 10;

/** Up to ten with their ids, more by their names. */
export function namesOf(tasks: readonly Task<unknown>[]): string {
  if (tasks.length <= NAMED) return tasks.map(described).join(', ');
  const counts = new Map<string, number>();
  for (const { name } of tasks) counts.set(name, (counts.get(name) ?? 0) + 1);
  return [...counts].map(([name, count]) => `${count} x ${name}`).join(', ');
}

/** Resolves once nothing is left in these pools, or the time is up: the log names what is left then. */
export async function whenIdle(
  environment: TaskEnvironment,
  pools: readonly TaskPool[],
  timeout = Infinity,
): Promise<void> {
  checkAll('BackgroundTasks.drain()', { timeout }, JOIN_OPTIONS);
  if (!isBusy(pools, ALL)) return;
  for (const pool of pools) for (const task of pool.running) suspect(task, 'drain');
  await inTime(environment.clock, timeout, (reached) => {
    const look = (): void => {
      if (!isBusy(pools, ALL) || environment.intake.until === -Infinity) reached();
    };
    const unwatch = pools.map((pool) => pool.watch(look));
    return () => unwatch.forEach((end) => end());
  });
  const left = [...tasksOf(pools, ALL)];
  if (left.length === 0) return;
  environment.hub.note({ type: 'drainGaveUp', tasks: namesOf(left), waited: timeout });
}
