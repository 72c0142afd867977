import type { DataSource, QueryRunner } from 'typeorm';
import { BackgroundWorkerError } from '../../shared/errors.js';

export const noUnit = (what: string): BackgroundWorkerError =>
  new BackgroundWorkerError('BGW_NO_UNIT', `TypeOrmUnits.queryRunner() ${what}`);

/** The QueryRunners of one unit. */
export class Runners {
  private readonly made = new Map<DataSource, QueryRunner>();
  private readonly connecting = new Set<QueryRunner>();
  private ended = false;

  /** @throws BackgroundWorkerError `BGW_NO_UNIT` */
  of(dataSource: DataSource): QueryRunner {
    if (this.ended) throw noUnit('was called after its unit of work had ended; await all of a unit inside it');
    const runner = this.made.get(dataSource) ?? this.make(dataSource);
    this.made.set(dataSource, runner);
    return runner;
  }

  /** At the unit's end. Says whether a transaction was open. A connection that is still waited for goes back when it comes. */
  async close(): Promise<boolean> {
    this.ended = true;
    const left = await Promise.all([...this.made.values()].filter((one) => !this.connecting.has(one)).map(giveBack));
    return left.includes(true);
  }

  /** TypeORM itself loses a connection that comes after `release()`. All its statements ask `connect()` for theirs. */
  private make(dataSource: DataSource): QueryRunner {
    const runner = dataSource.createQueryRunner();
    const connect = runner.connect.bind(runner);
    let first: Promise<unknown> | undefined;
    runner.connect = () => (first ??= this.connect(runner, connect));
    return runner;
  }

  private async connect(runner: QueryRunner, connect: () => Promise<unknown>): Promise<unknown> {
    this.connecting.add(runner);
    try {
      const connection = await connect();
      if (!this.ended) return connection;
    } finally {
      this.connecting.delete(runner);
      runner.connect = connect;
    }
    await runner.release();
    throw noUnit('got its connection after its unit of work had ended; await all of a unit inside it');
  }
}

/** Says whether a transaction was open. One whose connection broke is over, and its rollback fails. */
async function giveBack(runner: QueryRunner): Promise<boolean> {
  if (runner.isReleased) return false;
  const wasOpen = runner.isTransactionActive;
  try {
    while (runner.isTransactionActive) await runner.rollbackTransaction();
  } catch {
    return wasOpen;
  } finally {
    await runner.release();
  }
  return wasOpen;
}
