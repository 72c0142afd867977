import { RequestContext, type EntityManager, type MikroORM } from '@mikro-orm/core';
import type { UnitInfo, UnitInterceptor } from '../../contract/units.js';
import { AroundUnits } from '../../definition/decorators.js';
import type { BackgroundTasks } from '../../tasks/calls/background-tasks.js';
import { closingTransactions } from '../../commit/open-transactions.js';
import { eachLateBegin, outerOf } from './begins.js';
import { hookConnection } from './on-commit.js';

/**
 * Gives each unit EntityManagers of its own: the injected ones are forks inside it.
 *
 * @example
 * ```ts
 * import { EntityManager } from '@mikro-orm/core';
 *
 * @BackgroundWorker({ every: 60_000 })
 * class FlushWorker {
 *   constructor(@Inject(EntityManager) private readonly em: EntityManager) {}
 *
 *   async run() {
 *     await this.em.flush();
 *   }
 * }
 *
 * // At a place of one's choice among other interceptors; the module alone puts it last.
 * const atItsPlace = BackgroundWorkerModule.forRoot({ units: [MikroOrmUnits, 'TRACING'] });
 * ```
 */
@AroundUnits('import MikroOrmUnitsModule.forRoot()')
export class MikroOrmUnits implements UnitInterceptor {
  private readonly managers: EntityManager[];

  /** Made by `MikroOrmUnitsModule.forRoot()`. */
  constructor(tasks: BackgroundTasks, orms: readonly MikroORM[]) {
    this.managers = orms.map(({ em }) => em);
    for (const em of this.managers) hookConnection(em, tasks);
  }

  /** A transaction that is open when the unit ends is rolled back, and fails it with `BGW_OPEN_TRANSACTION`. */
  around(unit: UnitInfo, next: () => Promise<unknown>): Promise<unknown> {
    return RequestContext.create(this.managers, () => {
      const forks = this.managers.map((em) => em.getContext(false));
      const rollBackAll = async (): Promise<boolean> => (await Promise.all(forks.map(rollBack))).includes(true);
      const close = (): Promise<boolean> => {
        eachLateBegin(rollBackAll);
        return rollBackAll();
      };
      return closingTransactions(unit, next, close);
    });
  }
}

/** Says whether a transaction was open. One whose connection broke is over, and its rollback fails. */
async function rollBack(em: EntityManager): Promise<boolean> {
  const wasOpen = em.isInTransaction();
  for (let open = em.getTransactionContext<object>(); open; open = outerOf(open)) {
    em.setTransactionContext(open);
    await em.rollback().catch(() => undefined);
  }
  return wasOpen;
}
