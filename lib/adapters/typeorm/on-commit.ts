import type { DataSource, EntityManager, EntitySubscriberInterface, QueryRunner } from 'typeorm';
import type { SubmitOptions, TaskContext } from '../../contract/tasks.js';
import type { BackgroundTasks } from '../../tasks/calls/background-tasks.js';
import { hookInto, hooksOf, transactionEnded, type CommitHooks } from '../../commit/commit-hooks.js';
import { CommitQueue } from '../../commit/commit-queue.js';
import type { TaskFunction } from '../../tasks/pool/task.js';

/** TypeORM 0.3 knows no `dataSource`; in 1.x `connection` is deprecated. */
const dataSourceOf = (of: EntityManager): DataSource =>
  (of as { dataSource?: DataSource }).dataSource ?? (of as { connection: DataSource }).connection;

/** Transactions and savepoints open. The depth is protected in TypeORM, and is 0 in drivers that know no savepoints. */
const openIn = (runner: QueryRunner): number =>
  runner.isTransactionActive ? Math.max(1, (runner as { transactionDepth?: number }).transactionDepth ?? 1) : 0;

/** Drivers whose servers answer the COMMIT of a failed transaction with ROLLBACK, and no error. */
const ROLLS_BACK_QUIETLY: readonly string[] = ['postgres', 'aurora-postgres', 'cockroachdb'];

/**
 * Submits `fn` to the app's task pool once the outermost transaction of `manager` has committed, in the order of the calls;
 * nobody waits for it. Dropped when the transaction or the savepoint it was called in is rolled back. Without a transaction
 * it is submitted at once. (After Django's `transaction.on_commit`.)
 *
 * @param manager the transaction's own, as `dataSource.transaction(async (manager) => …)` gives it
 * @param options of the task: name, retries, time-out and so on
 * @throws BackgroundWorkerError `BGW_NOT_REGISTERED`, `BGW_TRANSACTION_ENDED`, `BGW_INVALID_OPTION`; without a transaction
 * also what `submit` throws
 *
 * @example
 * ```ts
 * import type { DataSource } from 'typeorm';
 *
 * const signUp = (dataSource: DataSource, address: string) =>
 *   dataSource.transaction(async (manager) => {
 *     await manager.query('insert into users (address) values ($1)', [address]);
 *     onCommit(manager, () => fetch(`https://example.com/welcome/${address}`), { retries: 3 });
 *   });
 * ```
 */
export function onCommit(manager: EntityManager, fn: (ctx: TaskContext) => unknown, options?: SubmitOptions): void {
  hooksOf<EntityManager>(dataSourceOf(manager), 'DataSource', 'TypeOrmUnitsModule').add(manager, fn, options);
}

export const hookDataSource = (dataSource: DataSource, tasks: BackgroundTasks): void =>
  hookInto(dataSource, tasks, () => new TransactionEnds(dataSource, tasks));

/** A subscriber that TypeORM tells of released savepoints as of commits, and awaits before it gives the connection back. */
class TransactionEnds implements CommitHooks<EntityManager>, EntitySubscriberInterface {
  readonly v = 1;
  private readonly queues = new WeakMap<QueryRunner, CommitQueue>();

  constructor(
    dataSource: DataSource,
    public tasks: BackgroundTasks,
  ) {
    this.listen(dataSource);
  }

  add(manager: EntityManager, fn: TaskFunction<unknown>, options: SubmitOptions | undefined): void {
    const runner = manager.queryRunner;
    if (runner?.isReleased) throw transactionEnded();
    if (!runner?.isTransactionActive) return void this.tasks.submit(fn, options);
    this.queueOf(runner).add(openIn(runner), fn, options);
    this.listen(dataSourceOf(manager));
  }

  afterQuery({ queryRunner, error }: { queryRunner: QueryRunner; error?: unknown }): void {
    if (error !== undefined && queryRunner.isTransactionActive) this.queueOf(queryRunner).failed(error);
  }

  async beforeTransactionCommit({ queryRunner }: { queryRunner: QueryRunner }): Promise<void> {
    if (openIn(queryRunner) > 1) return;
    const quietly = ROLLS_BACK_QUIETLY.includes(dataSourceOf(queryRunner.manager).options.type);
    await this.queues.get(queryRunner)?.committing(quietly ? () => queryRunner.query('select 1') : undefined);
  }

  afterTransactionCommit({ queryRunner }: { queryRunner: QueryRunner }): void {
    this.queues.get(queryRunner)?.committed(openIn(queryRunner), this.tasks);
  }

  afterTransactionRollback({ queryRunner }: { queryRunner: QueryRunner }): void {
    this.queues.get(queryRunner)?.rolledBack(openIn(queryRunner));
  }

  private queueOf(runner: QueryRunner): CommitQueue {
    const queue = this.queues.get(runner) ?? new CommitQueue();
    this.queues.set(runner, queue);
    return queue;
  }

  /**
   * `initialize()` replaces the subscribers, so it is looked at each time. The first, as one that throws ends the broadcast.
   * In a new list, as a broadcast that is under way goes on with its own.
   */
  private listen(dataSource: DataSource): void {
    const { subscribers } = dataSource;
    if (subscribers[0] === this) return;
    Object.assign(dataSource, { subscribers: [this, ...subscribers.filter((one) => one !== this)] });
  }
}
