import type { StopReport } from '../contract/worker-state.js';
import type { Clock } from '../shared/clock.js';
import { Drain, namesOf, type DrainReport } from './drain.js';
import type { TaskRoom } from './room.js';
import type { Task } from './task.js';

type Part =
  | { readonly is: 'not yet' }
  | { readonly is: 'first'; readonly last: number; readonly drain?: Drain }
  | { readonly is: 'second'; readonly drain?: Drain };

/** The end of an app's tasks, in two parts: with the workers, and once HTTP has closed. */
export class Closing {
  private part: Part = { is: 'not yet' };
  /** No drain waits longer. */
  private latest = Infinity;

  constructor(
    private readonly room: TaskRoom,
    private readonly clock: Clock,
    private readonly grace: number,
  ) {}

  /**
   * Drains what was accepted, and what is submitted by those who are drained; what requests submit from now on is for `end`.
   * @param workers may submit as long as they live
   * @param last when `end` must have ended
   */
  async begin(workers: Promise<unknown>, deadline: number, last: number): Promise<DrainReport> {
    const { room } = this;
    room.site.drain(deadline);
    room.stop();
    const run = async (): Promise<DrainReport> => {
      const drain = this.drain(deadline, (task) => !room.site.isLate(task));
      this.part = { is: 'first', last, drain };
      return await drain.finished;
    };
    const first = await run();
    await workers;
    const rest = await run();
    return { drained: first.drained + rest.drained, lost: first.lost + rest.lost, abandoned: rest.abandoned };
  }

  /** Drains what came late. @returns what to complain of, if anything */
  async end(): Promise<string | undefined> {
    if (this.part.is !== 'first') return undefined;
    const { room, part } = this;
    const abandoned = new Set([...room.running].filter((task) => !room.site.isLate(task)));
    room.site.drainLate(part.last);
    const drain = this.drain(part.last, (task) => !abandoned.has(task));
    this.part = { is: 'second', drain };
    const report = await drain.finished;
    room.close();
    const words = wordsOf(report);
    return words && `tasks that were submitted while the app stopped: ${words}`;
  }

  /** Waits no longer, in neither part. */
  abandon(): void {
    this.latest = this.clock.now();
    if (this.part.is !== 'not yet') this.part.drain?.abandon();
  }

  private drain(until: number, includes: (task: Task<unknown>) => boolean): Drain {
    const { room, clock, grace } = this;
    const deadline = Math.min(until, this.latest);
    const onSlow = (left: readonly Task<unknown>[]): void => {
      const most = ((deadline - clock.now()) / 1_000).toFixed(1);
      room.logger.log(`waiting for ${countOf(left.length)}, ${most} s at most: ${namesOf(left)}`);
    };
    return new Drain(room.pools, clock, { deadline, grace, includes, onSlow });
  }
}

const countOf = (count: number): string => `${count} task${count === 1 ? '' : 's'}`;

function wordsOf({ lost, abandoned }: DrainReport): string | undefined {
  const parts = [
    ...(abandoned.length > 0 ? [`abandoned, still running: ${abandoned.join(', ')}`] : []),
    ...(lost > 0 ? [`${countOf(lost)} lost`] : []),
  ];
  return parts.length > 0 ? parts.join('; ') : undefined;
}

/** The one line about the end of workers and tasks. */
export function describeStop(
  { stopped, abandoned, ms }: StopReport,
  tasks: DrainReport,
): { readonly level: 'log' | 'error'; readonly line: string | undefined } {
  const took = `${(ms / 1_000).toFixed(1)} s`;
  const left = [
    ...abandoned,
    ...(tasks.abandoned.length > 0 ? [`${countOf(tasks.abandoned.length)}: ${tasks.abandoned.join(', ')}`] : []),
  ];
  const lost = tasks.lost > 0 ? `; ${countOf(tasks.lost)} lost` : '';
  if (left.length > 0)
    return { level: 'error', line: `stopped after ${took}; abandoned, still running: ${left.join(', ')}${lost}` };
  const drained = tasks.drained > 0 ? `; ${countOf(tasks.drained)} drained` : '';
  if (stopped.length > 0)
    return {
      level: lost ? 'error' : 'log',
      line: `all workers stopped in ${took}: ${stopped.join(', ')}${drained}${lost}`,
    };
  const only = `${drained}${lost}`.slice(2);
  return { level: lost ? 'error' : 'log', line: only && `stopped in ${took}: ${only}` };
}
