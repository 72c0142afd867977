import type { LoggerService } from '@nestjs/common';
import type { BackgroundWorkerModuleOptions } from '../definition/module-options.js';
import type { Audience } from '../events/event-hub.js';
import { BackgroundWorkerError, messageOf, traceOf } from '../shared/errors.js';
import { report } from '../shared/reporter.js';
import type { Inside } from '../shared/inside.js';
import { OwnLogger } from '../shared/own-logger.js';
import { Streaks, seconds } from '../events/streaks.js';
import type { UnitEnvironment } from '../units/environment.js';
import type { Attempt } from './pool/attempt.js';
import { TOLD } from './pool/endings.js';
import { Ledger } from './pool/ledger.js';
import type { TaskEnvironment } from './pool/task-environment.js';
import type { Ends } from './ending/stop-report.js';
import { Tally } from './tally.js';
import type { Task } from './pool/task.js';

const MISSED_LINES = 10;

/** How far the app is in its end. */
type Intake =
  | { readonly type: 'open' }
  /** @property late submitted by nobody who is drained: a request */
  | { readonly type: 'draining'; readonly until: number; readonly late: WeakSet<Task<unknown>> }
  /** What was accepted is drained. Whatever comes now is late. */
  | { readonly type: 'drained'; readonly until: number; readonly late: WeakSet<Task<unknown>> }
  | { readonly type: 'closed' };

/** What all pools of an app share: who is told of what, and what is still accepted. */
export class AppTaskEnvironment implements TaskEnvironment {
  readonly clock: UnitEnvironment['clock'];
  readonly hub: UnitEnvironment['hub'];
  readonly moduleRef: UnitEnvironment['moduleRef'];
  readonly root: UnitEnvironment['root'];
  readonly interceptors: UnitEnvironment['interceptors'];
  readonly inside: Inside;
  readonly ledger = new Ledger();
  readonly taskLogger: LoggerService = new OwnLogger('BackgroundTask');
  readonly audience: Audience;
  readonly unitAudience: Audience;
  private readonly tally: Tally;
  private readonly streaks: Streaks;
  private stage: Intake = { type: 'open' };
  private missedLines = 0;
  private readonly counts = { drained: 0, cut: 0, lost: 0, handedBack: 0 };

  constructor(
    environment: UnitEnvironment,
    private readonly logger: LoggerService,
    private readonly reporter: BackgroundWorkerModuleOptions['onError'],
  ) {
    this.clock = environment.clock;
    this.hub = environment.hub;
    this.moduleRef = environment.moduleRef;
    this.root = environment.root;
    this.interceptors = environment.interceptors;
    this.inside = environment.inside;
    this.unitAudience = environment.unitAudience;
    this.audience = environment.hub.audience(TOLD);
    this.streaks = new Streaks(environment.clock);
    this.tally = new Tally(environment, logger);
  }

  get until(): number {
    const { stage } = this;
    return stage.type === 'open' ? Infinity : stage.type === 'closed' ? -Infinity : stage.until;
  }

  assertOpen(pool: string): void {
    if (this.stage.type === 'closed') throw this.closed(pool);
  }

  accepted(task: Task<unknown>): void {
    const { stage } = this;
    if (stage.type === 'drained' || (stage.type === 'draining' && !this.inside.mayBe)) stage.late.add(task);
  }

  discarded(pool: string): void {
    this.tally.count(`given up for newer ones: pool "${pool}" was full`);
  }

  closed(pool: string): BackgroundWorkerError {
    const why = `pool "${pool}" takes no tasks any more: the app has shut down`;
    return this.refused(new BackgroundWorkerError('BGW_SHUTTING_DOWN', why), why);
  }

  full(pool: string, load: number): BackgroundWorkerError {
    const error = new BackgroundWorkerError(
      'BGW_QUEUE_FULL',
      `pool "${pool}" is full with ${load} tasks: answer 503, wait by submitWhenFree(), or give it a longer queue`,
    );
    return this.refused(error, `pool "${pool}" is full`);
  }

  onError(attempt: Attempt, error: unknown, willRetryIn: number | undefined): void {
    const { reporter } = this;
    if (!reporter) return;
    const { task, attempt: number, beganWithin, failedWithin } = attempt;
    const within = failedWithin ?? beganWithin ?? task.spec.within ?? this.root.run;
    const final = willRetryIn === undefined;
    const at = { kind: 'task', name: task.name, attempt: number, willRetryIn, final } as const;
    report(this.logger, 'onError threw', () => within(() => reporter(error, at)));
  }

  get ends(): Ends {
    return { ...this.counts };
  }

  ended(how: keyof Ends): void {
    this.counts[how] += 1;
  }

  retrying({ name, id, attempts, spec }: Task<unknown>, error: unknown, wait: number): void {
    const times = this.streaks.note(name);
    if (times === undefined) return;
    const of = `attempt ${attempts} of ${spec.engine ? attempts + spec.engine.attemptsLeft : spec.retries + 1}`;
    this.logger.warn(`task ${name} (${id}) failed${times}, ${of}, next try in ${seconds(wait)}: ${messageOf(error)}`);
  }

  gaveUp(task: Task<unknown>, error: unknown): void {
    const times = task.attempts > 1 ? ` after ${task.attempts} attempts` : '';
    const line = `task ${task.name} (${task.id}) failed for good${times}: ${messageOf(error)}`;
    if (task.isRead) this.logger.warn(line);
    else this.logger.error(line, ...traceOf(error));
  }

  missed(task: Task<unknown>, what: string): void {
    if (this.missedLines++ < MISSED_LINES) this.logger.error(`task ${task.name} (${task.id}) was ${what}`);
    else this.tally.count(`more lost or cut as the app shut down: ${task.name}`);
  }

  /** From now on what requests submit is late, and what cannot begin by then is lost. */
  drain(until: number): void {
    if (this.stage.type === 'open') this.stage = { type: 'draining', until, late: new WeakSet() };
  }

  isLate(task: Task<unknown>): boolean {
    return 'late' in this.stage && this.stage.late.has(task);
  }

  /** The drain of what was accepted is over, whoever still lives. */
  drained(): void {
    if (this.stage.type === 'draining') this.stage = { ...this.stage, type: 'drained' };
  }

  /** Late ones are waited for, too. */
  drainLate(until: number): void {
    this.stage = { type: 'draining', until, late: new WeakSet() };
  }

  close(): void {
    this.stage = { type: 'closed' };
    this.tally.tell();
  }

  private refused(error: BackgroundWorkerError, why: string): BackgroundWorkerError {
    this.hub.emit({}, { type: 'taskRefused', error });
    this.tally.count(`refused: ${why}`);
    return error;
  }
}
