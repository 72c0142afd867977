import { AsyncLocalStorage } from 'node:async_hooks';
import type { DataSource, QueryRunner } from 'typeorm';
import type { UnitInfo, UnitInterceptor } from '../../contract/units.js';
import { BackgroundWorkerError } from '../../shared/errors.js';
import type { BackgroundTasks } from '../../tasks/background-tasks.js';
import { closingTransactions } from '../../units/transactional.js';
import { hookDataSource } from './on-commit.js';

/** Gives each unit a QueryRunner of its own where it asks for one, and takes it back. For the module's option `units`. */
export class TypeOrmUnits implements UnitInterceptor {
  private readonly unit = new AsyncLocalStorage<Map<DataSource, QueryRunner>>();

  /** Made by `TypeOrmUnitsModule.forRoot()`. */
  constructor(
    tasks: BackgroundTasks,
    private readonly dataSources: readonly DataSource[],
  ) {
    for (const one of dataSources) hookDataSource(one, tasks);
  }

  /**
   * The current unit's: the same at each call, connected at its first query, released when the unit ends. A transaction
   * that is still open then is rolled back, and fails the unit with `BGW_OPEN_TRANSACTION`.
   *
   * @param dataSource default: the first that the module names
   * @throws BackgroundWorkerError `BGW_NO_UNIT` outside a unit
   */
  queryRunner(dataSource: DataSource | undefined = this.dataSources[0]): QueryRunner {
    const runners = this.unit.getStore();
    if (!runners || !dataSource) {
      const message = 'TypeOrmUnits.queryRunner() was called outside a unit of work, or TypeOrmUnits is not in "units"';
      throw new BackgroundWorkerError('BGW_NO_UNIT', message);
    }
    const runner = runners.get(dataSource) ?? dataSource.createQueryRunner();
    runners.set(dataSource, runner);
    return runner;
  }

  around(unit: UnitInfo, next: () => Promise<unknown>): Promise<unknown> {
    const runners = new Map<DataSource, QueryRunner>();
    const close = async (): Promise<boolean> => {
      const left = await Promise.all([...runners.values()].map(giveBack));
      return left.includes(true);
    };
    return this.unit.run(runners, () => closingTransactions(unit, next, close));
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
