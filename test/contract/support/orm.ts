import type { DynamicModule, INestApplicationContext } from '@nestjs/common';
import type { SubmitOptions, TaskContext } from '../../../lib/index.js';
import type { Server } from '../../support/servers.js';

/** What the contract of the ORM adapters needs of one. `M` is its manager. */
export interface Orm<M> {
  readonly title: string;
  /** A module with a database of this pool size and the adapter's own. */
  imports(server: Server, pool: number): NonNullable<DynamicModule['imports']>;
  /** Outside any transaction. */
  manager(app: INestApplicationContext): M;
  /** The one that a unit is given for itself; called inside it. */
  managerOfUnit(app: INestApplicationContext): M;
  /** In a transaction; of a manager in a transaction, in a savepoint. */
  transaction(manager: M, work: (manager: M) => Promise<void>): Promise<void>;
  /** Opened by hand. */
  begin(app: INestApplicationContext): Promise<ByHand<M>>;
  beginIn(manager: M): Promise<void>;
  sql(manager: M, statement: string): Promise<readonly Record<string, unknown>[]>;
  onCommit(manager: M, fn: (ctx: TaskContext) => unknown, options?: SubmitOptions): void;
  /** Has a subscriber throw when a transaction has committed. */
  throwAfterCommit(app: INestApplicationContext): void;
  /** One that no app knows. */
  stranger(server: Server): Promise<{ readonly manager: M; close(): Promise<void> }>;
}

export interface ByHand<M> {
  readonly manager: M;
  readonly commit: () => Promise<void>;
  readonly rollback: () => Promise<void>;
  readonly begin: () => Promise<void>;
  readonly end: () => Promise<void>;
}
