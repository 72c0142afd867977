import { AsyncLocalStorage } from 'node:async_hooks';
import type { DataSource, QueryRunner } from 'typeorm';
import type { UnitInfo, UnitInterceptor } from '../../contract/units.js';
import type { BackgroundTasks } from '../../tasks/calls/background-tasks.js';
import { closingTransactions } from '../../commit/open-transactions.js';
import { hookDataSource } from './on-commit.js';
import { noUnit, Runners } from './runners.js';

/** Gives each unit a QueryRunner of its own where it asks for one, and takes it back. For the module's option `units`. */
export class TypeOrmUnits implements UnitInterceptor {
  private readonly unit = new AsyncLocalStorage<Runners>();

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
   * @throws BackgroundWorkerError `BGW_NO_UNIT` outside a unit, and after its end
   */
  queryRunner(dataSource: DataSource | undefined = this.dataSources[0]): QueryRunner {
    const runners = this.unit.getStore();
    if (runners && dataSource) return runners.of(dataSource);
    throw noUnit('was called outside a unit of work, or TypeOrmUnits is not in "units"');
  }

  around(unit: UnitInfo, next: () => Promise<unknown>): Promise<unknown> {
    const runners = new Runners();
    return this.unit.run(runners, () => closingTransactions(unit, next, () => runners.close()));
  }
}
