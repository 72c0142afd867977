import type { Clock } from '../../shared/clock.js';
import type { Ends, TaskStopReport } from '../../events/notices.js';
import { Drain, isBusy, namesOf } from './drain.js';
import type { AppTasks } from '../app-tasks.js';
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
    private readonly tasks: AppTasks,
    private readonly clock: Clock,
    private readonly grace: number,
  ) {}

  /**
   * Drains what was accepted, and what is submitted by those who are drained; what requests submit from now on is for `end`.
   * @param workers may submit as long as they live
   * @param last when `end` must have ended
   */
  async begin(workers: Promise<unknown>, deadline: number, last: number): Promise<TaskStopReport> {
    const { tasks } = this;
    const { environment } = tasks;
    const { intake } = environment;
    const before = { ...environment.ends };
    intake.drain(deadline);
    const stopped = tasks.stop(deadline);
    const run = async (): Promise<readonly string[]> => {
      const drain = this.drain(deadline, (task) => !intake.isLate(task));
      this.part = { type: 'first', last, drain };
      return await drain.finished;
    };
    await run();
    await workers;
    const abandoned = await run();
    intake.drained();
    await stopped;
    return { ...endsSince(environment.ends, before), abandoned };
  }

  /** Drains what came late. */
  async end(): Promise<TaskStopReport | undefined> {
    if (this.part.type !== 'first') return undefined;
    const { tasks, part, clock } = this;
    const { environment, pools, life } = tasks;
    const { intake } = environment;
    const deadline = life.closesFrom(part.last);
    const before = { ...environment.ends };
    const earlier = new Set(pools.running.filter((task) => !intake.isLate(task)));
    const includes = (task: Task<unknown>): boolean => !earlier.has(task);
    intake.drainLate(deadline);
    let abandoned: readonly string[] = [];
    do {
      const drain = this.drain(deadline, includes);
      this.part = { type: 'second', drain };
      abandoned = await drain.finished;
    } while (isBusy(pools.all, { includes }) && clock.now() < Math.min(deadline, this.latest));
    await tasks.close(Math.min(part.last, this.latest));
    return { ...endsSince(environment.ends, before), abandoned };
  }

  /** Waits no longer, in neither part. */
  abandon(): void {
    this.latest = this.clock.now();
    if (this.part.type !== 'not yet') this.part.drain?.abandon();
    this.tasks.life.abandon();
  }

  private drain(until: number, includes: (task: Task<unknown>) => boolean): Drain {
    const { tasks, clock, grace } = this;
    const deadline = Math.min(until, this.latest);
    const onSlow = (left: readonly Task<unknown>[], cutIn: number): void =>
      tasks.environment.hub.note({ type: 'tasksDrain', count: left.length, tasks: namesOf(left), cutIn });
    return new Drain(tasks.pools.all, clock, { deadline, grace, includes, onSlow });
  }
}

const endsSince = (now: Ends, before: Ends): Ends => ({
  drained: now.drained - before.drained,
  cut: now.cut - before.cut,
  lost: now.lost - before.lost,
  handedBack: now.handedBack - before.handedBack,
});
