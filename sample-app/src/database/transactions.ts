import type { DataSource, EntityManager } from 'typeorm';

/** Several at a time, each on a connection of the pool. */
export class Transactions {
  constructor(private readonly dataSource: DataSource) {}

  run<T>(work: (manager: EntityManager) => Promise<T>): Promise<T> {
    return this.dataSource.transaction(work);
  }
}

/**
 * One at a time: SQLite's driver has a single connection, so the statements of two transactions would mix. So would a
 * write outside of them, which is lost where the transaction that it fell into rolls back: each write goes through here.
 */
export class SerialTransactions extends Transactions {
  private last: Promise<unknown> = Promise.resolve();

  override run<T>(work: (manager: EntityManager) => Promise<T>): Promise<T> {
    const mine = this.last.then(() => super.run(work));
    this.last = mine.catch(() => undefined);
    return mine;
  }
}
