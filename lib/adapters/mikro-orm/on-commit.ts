import type { Connection, EntityManager } from '@mikro-orm/core';
import type { SubmitOptions, TaskContext } from '../../contract/tasks.js';
import type { BackgroundTasks } from '../../tasks/calls/background-tasks.js';
import { hookInto, hooksOf, transactionEnded, type CommitHooks } from '../../commit/commit-hooks.js';
import { CommitQueue } from '../../commit/commit-queue.js';
import type { TaskFunction } from '../../tasks/pool/task.js';
import { noteBegin, noteOuter } from './begins.js';

/** Of a transaction or savepoint, which MikroORM knows by one object each. */
interface Frame {
  readonly queue: CommitQueue;
  readonly depth: number;
}

/** What of a Connection it needs. MikroORM itself types a transaction as `any`, and each driver has its own. */
interface Transactions {
  begin(options?: { readonly ctx?: object }): Promise<object>;
  commit(trx: object, broadcaster?: Broadcaster, ...more: unknown[]): Promise<void>;
  rollback(trx: object, ...more: unknown[]): Promise<void>;
  execute(query: unknown, params?: unknown[], method?: string, trx?: object, ...more: unknown[]): Promise<unknown>;
}
interface Broadcaster {
  dispatchEvent(event: string, ...more: unknown[]): Promise<unknown>;
  /** Of MikroORM 6. */
  isTopLevel?(): boolean;
}

/**
 * Submits `fn` to the app's task pool once the outermost transaction of `em` has committed, in the order of the calls;
 * nobody waits for it. Dropped when the transaction or the savepoint it was called in is rolled back. Without a transaction
 * it is submitted at once: the one that `flush()` opens by itself does not count. (After Django's `transaction.on_commit`.)
 *
 * @param em the transaction's own, as `em.transactional(async (em) => …)` gives it, or the global one inside of it
 * @param options of the task: name, retries, time-out and so on
 * @throws BackgroundWorkerError `BGW_NOT_REGISTERED`, `BGW_TRANSACTION_ENDED`, `BGW_INVALID_OPTION`; without a transaction
 * also what `submit` throws
 *
 * @example
 * ```ts
 * import type { EntityManager } from '@mikro-orm/core';
 *
 * const signUp = (em: EntityManager, address: string) =>
 *   em.transactional(async (inner) => {
 *     inner.create('User', { address });
 *     onCommit(inner, () => fetch(`https://example.com/welcome/${address}`), { retries: 3 });
 *   });
 * ```
 */
export function onCommit(em: EntityManager, fn: (ctx: TaskContext) => unknown, options?: SubmitOptions): void {
  hooksOf<EntityManager>(em.getConnection('write'), 'MikroORM', 'MikroOrmUnitsModule').add(em, fn, options);
}

export function hookConnection(em: EntityManager, tasks: BackgroundTasks): void {
  const connection: Connection = em.getConnection('write');
  hookInto(connection, tasks, () => new TransactionEnds(em, connection as Transactions, tasks));
}

/** PostgreSQL answers the COMMIT of a failed transaction with ROLLBACK, and no error. No other platform has this schema. */
const rollsBackQuietly = (em: EntityManager): boolean => em.getPlatform().getDefaultSchemaName() === 'public';

/** MikroORM 6 tells subscribers nothing of savepoints, so it listens where all versions pass: at the connection. */
class TransactionEnds implements CommitHooks<EntityManager> {
  readonly v = 1;
  private readonly open = new WeakMap<object, Frame>();

  constructor(
    private readonly em: EntityManager,
    private readonly connection: Transactions,
    public tasks: BackgroundTasks,
  ) {
    const execute = connection.execute.bind(connection);
    const begin = connection.begin.bind(connection);
    const commit = connection.commit.bind(connection);
    const rollback = connection.rollback.bind(connection);
    const beginAndKnow = async (options?: { readonly ctx?: object }) => {
      const before = em.getContext(false).getTransactionContext<object>();
      const trx = await begin(options);
      noteOuter(trx, options?.ctx ?? before);
      return this.began(trx, options?.ctx && this.open.get(options.ctx));
    };
    connection.begin = (options) => noteBegin(beginAndKnow(options));
    connection.commit = async (trx, broadcaster, ...more) => {
      await commit(trx, this.tellingOfCommits(trx, broadcaster), ...more);
      this.committed(trx);
    };
    connection.execute = async (query, params, method, trx, ...more) => {
      try {
        return await execute(query, params, method, trx, ...more);
      } catch (error) {
        if (trx) this.open.get(trx)?.queue.failed(error);
        throw error;
      }
    };
    connection.rollback = async (trx, ...more) => {
      this.rolledBack(trx);
      await rollback(trx, ...more);
    };
  }

  add(em: EntityManager, fn: TaskFunction<unknown>, options: SubmitOptions | undefined): void {
    const trx = em.getTransactionContext<object>();
    if (!trx) return void this.tasks.submit(fn, options);
    const frame = this.open.get(trx);
    if (!frame) throw transactionEnded();
    frame.queue.add(frame.depth, fn, options);
  }

  private began(trx: object, outer: Frame | undefined): object {
    const queue = outer?.queue ?? new CommitQueue();
    this.open.set(trx, { queue, depth: (outer?.depth ?? 0) + 1 });
    return trx;
  }

  /** After the others that are told: their statements, too, can fail. */
  private async committing(trx: object): Promise<void> {
    const frame = this.open.get(trx);
    if (frame?.depth !== 1) return;
    const ask = () => this.connection.execute('select 1', [], 'all', trx);
    await frame.queue.committing(rollsBackQuietly(this.em) ? ask : undefined);
  }

  private committed(trx: object): void {
    this.ended(trx, ({ queue, depth }) => queue.committed(depth - 1, this.tasks));
  }

  private rolledBack(trx: object): void {
    this.ended(trx, ({ queue, depth }) => queue.rolledBack(depth - 1));
  }

  private ended(trx: object, then: (frame: Frame) => void): void {
    const frame = this.open.get(trx);
    this.open.delete(trx);
    if (frame) then(frame);
  }

  /** The last before the COMMIT, and the first after it: a subscriber that throws there turns `commit()` into a rejection. */
  private tellingOfCommits(trx: object, broadcaster: Broadcaster | undefined): Broadcaster {
    return {
      dispatchEvent: async (event, ...more) => {
        if (event === 'afterTransactionCommit') this.committed(trx);
        await broadcaster?.dispatchEvent(event, ...more);
        if (event === 'beforeTransactionCommit') await this.committing(trx);
      },
      isTopLevel: () => broadcaster?.isTopLevel?.() ?? false,
    };
  }
}
