import type { Clock } from '../../shared/clock.js';
import { seconds } from '../../events/streaks.js';
import { Drain, isBusy, namesOf } from './drain.js';
import type { AppTasks } from '../app-tasks.js';
import { complaintOf, countOf, endsSince, type TaskStopReport } from './stop-report.js';
import type { Task } from '../pool/task.js';

type Part =
  | { readonly type: 'not yet' }
  | { readonly type: 'first'; readonly last: number; readonly drain?: Drain }
  | { readonly type: 'second'; readonly drain?: Drain };

/** The end of an app's tasks, in two parts: with the workers, and once HTTP has closed. */
export class Closing {
  private part: Part = { type: 'not yet' };
  /** No drain waits longer. */
  private latest = Infinity;

  constructor(
    private readonly room: AppTasks,
    private readonly clock: Clock,
    private readonly grace: number,
  ) {}

  /**
   * Drains what was accepted, and what is submitted by those who are drained; what requests submit from now on is for `end`.
   * @param workers may submit as long as they live
   * @param last when `end` must have ended
   */
  async begin(workers: Promise<unknown>, deadline: number, last: number): Promise<TaskStopReport> {
    const { room } = this;
    const { ends } = room.site;
    room.site.drain(deadline);
    room.stop();
    const run = async (): Promise<readonly string[]> => {
      const drain = this.drain(deadline, (task) => !room.site.isLate(task));
      this.part = { type: 'first', last, drain };
      return await drain.finished;
    };
    await run();
    await workers;
    const abandoned = await run();
    room.site.drained();
    return { ...endsSince(room.site.ends, ends), abandoned };
  }

  /** Drains what came late. @returns what to complain of, if anything */
  async end(): Promise<string | undefined> {
    if (this.part.type !== 'first') return undefined;
    const { room, part, clock } = this;
    const { ends } = room.site;
    const before = new Set([...room.running].filter((task) => !room.site.isLate(task)));
    const includes = (task: Task<unknown>): boolean => !before.has(task);
    room.site.drainLate(part.last);
    let abandoned: readonly string[] = [];
    do {
      const drain = this.drain(part.last, includes);
      this.part = { type: 'second', drain };
      abandoned = await drain.finished;
    } while (isBusy(room.pools, { includes }) && clock.now() < Math.min(part.last, this.latest));
    room.close();
    return complaintOf({ ...endsSince(room.site.ends, ends), abandoned });
  }

  /** Waits no longer, in neither part. */
  abandon(): void {
    this.latest = this.clock.now();
    if (this.part.type !== 'not yet') this.part.drain?.abandon();
  }

  private drain(until: number, includes: (task: Task<unknown>) => boolean): Drain {
    const { room, clock, grace } = this;
    const deadline = Math.min(until, this.latest);
    const onSlow = (left: readonly Task<unknown>[], cutIn: number): void =>
      void room.logger.log(`waiting for ${countOf(left.length)}, to be cut in ${seconds(cutIn)}: ${namesOf(left)}`);
    return new Drain(room.pools, clock, { deadline, grace, includes, onSlow });
  }
}
