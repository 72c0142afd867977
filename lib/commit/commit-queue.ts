import type { SubmitOptions } from '../contract/tasks.js';
import { checkSubmission } from '../definition/submission.js';
import { BackgroundWorkerError, messageOf } from '../shared/errors.js';
import { OwnLogger } from '../shared/own-logger.js';
import type { BackgroundTasks } from '../tasks/calls/background-tasks.js';
import type { TaskFunction } from '../tasks/pool/task.js';

interface Callback {
  readonly depth: number;
  readonly fn: TaskFunction<unknown>;
  readonly options: SubmitOptions | undefined;
}

/** What waits for the COMMIT of one transaction. Depth 1 is the transaction itself, each savepoint is one deeper. */
export class CommitQueue {
  private waiting: Callback[] = [];
  private deadlock: unknown;

  /** @throws BackgroundWorkerError `BGW_INVALID_OPTION` */
  add(depth: number, fn: TaskFunction<unknown>, options: SubmitOptions | undefined): void {
    checkSubmission('submit', fn, options);
    this.waiting.push({ depth, fn, options });
  }

  /** Called when a statement failed. At a deadlock MySQL and MariaDB roll back the whole transaction, whatever its savepoints. */
  failed(error: unknown): void {
    if (isDeadlock(error)) this.deadlock = error;
  }

  /**
   * Before the outermost COMMIT: servers accept that of a transaction they have given up, and commit nothing.
   *
   * @param ask a statement of the transaction, which PostgreSQL refuses in one that has failed
   * @throws BackgroundWorkerError `BGW_TRANSACTION_ENDED`, and what `ask` throws
   */
  async committing(ask: (() => Promise<unknown>) | undefined): Promise<void> {
    if (this.waiting.length === 0) return;
    if (this.deadlock === undefined) return void (await ask?.());
    throw new BackgroundWorkerError(
      'BGW_TRANSACTION_ENDED',
      'onCommit(): the server rolled back the transaction at a deadlock, so nothing was committed; let that error pass',
      { cause: this.deadlock },
    );
  }

  /** COMMIT or RELEASE SAVEPOINT. @param open how many are open after it */
  committed(open: number, tasks: BackgroundTasks): void {
    const { waiting } = this;
    this.waiting = open === 0 ? [] : waiting.map((one) => ({ ...one, depth: Math.min(one.depth, open) }));
    if (open === 0) this.deadlock = undefined;
    if (open === 0) for (const one of waiting) submitQuietly(tasks, one);
  }

  /** @param open how many are open after it */
  rolledBack(open: number): void {
    this.waiting = this.waiting.filter(({ depth }) => depth <= open);
    if (open === 0) this.deadlock = undefined;
  }
}

/** ER_LOCK_DEADLOCK. */
const isDeadlock = (error: unknown): boolean => (error as { errno?: unknown } | undefined)?.errno === 1213;

/** What was committed cannot fail any more: a refusal is a log line. */
function submitQuietly(tasks: BackgroundTasks, { fn, options }: Callback): void {
  try {
    tasks.submit(fn, options);
  } catch (error) {
    const name = options?.name ?? (fn.name || 'task');
    new OwnLogger('BackgroundTask').error(`onCommit callback ${name} was lost: ${messageOf(error)}`);
  }
}
