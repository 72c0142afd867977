import { AsyncLocalStorage } from 'node:async_hooks';
import type { OnModuleInit } from '@nestjs/common';
import type { ModulesContainer } from '@nestjs/core';
import type { DataSource, QueryRunner } from 'typeorm';
import type { UnitInfo, UnitInterceptor } from '../../contract/units.js';
import { AroundUnits } from '../../definition/decorators.js';
import type { BackgroundTasks } from '../../tasks/calls/background-tasks.js';
import { closingTransactions } from '../../commit/open-transactions.js';
import { Askers } from './askers.js';
import { hookDataSource } from './on-commit.js';
import { noUnit, Runners } from './runners.js';

/**
 * Gives each unit a QueryRunner of its own where it asks for one, and takes it back.
 *
 * @example
 * ```ts
 * @BackgroundWorker({ every: 60_000 })
 * class LockingWorker {
 *   constructor(@Inject(TypeOrmUnits) private readonly units: TypeOrmUnits) {}
 *
 *   async run() {
 *     await this.units.queryRunner().query('select pg_advisory_lock(1)');
 *   }
 * }
 * ```
 */
@AroundUnits('import TypeOrmUnitsModule.forRoot()')
export class TypeOrmUnits implements UnitInterceptor, OnModuleInit {
  private readonly unit = new AsyncLocalStorage<Runners>();
  private readonly askers: Askers;

  /** Made by `TypeOrmUnitsModule.forRoot()`. */
  constructor(
    tasks: BackgroundTasks,
    private readonly dataSources: readonly DataSource[],
    modules: ModulesContainer,
  ) {
    this.askers = new Askers(modules, TypeOrmUnits);
    for (const one of dataSources) hookDataSource(one, tasks);
  }

  /**
   * The current unit's: the same at each call, connected at its first query, released when the unit ends. A transaction
   * that is still open then is rolled back, and fails the unit with `BGW_OPEN_TRANSACTION`.
   *
   * @param dataSource default: the first that the module names
   * @throws BackgroundWorkerError `BGW_NO_UNIT` outside a unit, after its end, and where no provider of the app injects
   * `TypeOrmUnits`
   */
  queryRunner(dataSource: DataSource | undefined = this.dataSources[0]): QueryRunner {
    const runners = this.unit.getStore();
    if (runners && dataSource) return runners.of(dataSource);
    throw noUnit(
      this.askers.any
        ? 'was called outside a unit of work'
        : 'was called, and nothing injects TypeOrmUnits, so that units keep nothing for it: write @Inject(TypeOrmUnits) in the class that needs it, or in any other provider',
    );
  }

  /** All providers are made now, and no module was loaded lazily yet. */
  onModuleInit(): void {
    void this.askers.any;
  }

  /** Where nobody can ask for a QueryRunner, no AsyncLocalStorage is entered: that would make all promises dearer. */
  around(unit: UnitInfo, next: () => Promise<unknown>): Promise<unknown> {
    if (!this.askers.any) return next();
    const runners = new Runners();
    return this.unit.run(runners, () => closingTransactions(unit, next, () => runners.close()));
  }
}
