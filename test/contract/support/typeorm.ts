import type { InjectionToken } from '@nestjs/common';
import type * as TypeOrm from 'typeorm';
import { onCommit, TypeOrmUnits, TypeOrmUnitsModule } from '../../../lib/adapters/typeorm/index.js';
import type { Server } from '../../support/servers.js';
import type { Orm } from './orm.js';

/** @param token of the DataSource, where it is not the default one */
export function typeOrm(
  title: string,
  { DataSource }: typeof TypeOrm,
  token?: InjectionToken,
): Orm<TypeOrm.EntityManager> {
  const at: InjectionToken = token ?? DataSource;
  const open = ({ kind, url }: Server, poolSize: number): Promise<TypeOrm.DataSource> =>
    new DataSource({ type: kind, url, poolSize }).initialize();
  return {
    title,
    imports(server, pool) {
      class DatabaseModule {}
      const lifetime = (dataSource: TypeOrm.DataSource) => ({ onApplicationShutdown: () => dataSource.destroy() });
      return [
        {
          module: DatabaseModule,
          global: true,
          providers: [
            { provide: at, useFactory: () => open(server, pool) },
            { provide: 'LIFETIME', useFactory: lifetime, inject: [at] },
            { provide: 'ASKER', useFactory: (units: TypeOrmUnits) => units, inject: [TypeOrmUnits] },
          ],
          exports: [at],
        },
        TypeOrmUnitsModule.forRoot(token === undefined ? {} : { dataSources: [token] }),
      ];
    },
    manager: (app) => app.get<TypeOrm.DataSource>(at).manager,
    managerOfUnit: (app) => app.get(TypeOrmUnits).queryRunner().manager,
    transaction: (manager, work) => manager.transaction(work),
    async begin(app) {
      const runner = app.get<TypeOrm.DataSource>(at).createQueryRunner();
      await runner.startTransaction();
      return {
        manager: runner.manager,
        begin: () => runner.startTransaction(),
        commit: () => runner.commitTransaction(),
        rollback: () => runner.rollbackTransaction(),
        end: () => runner.release(),
      };
    },
    beginIn: (manager) => manager.queryRunner!.startTransaction(),
    sql: (manager, statement) => manager.query(statement),
    onCommit,
    throwAfterCommit(app) {
      app.get<TypeOrm.DataSource>(at).subscribers.unshift({
        afterTransactionCommit: () => {
          throw new Error('from a subscriber');
        },
      });
    },
    async stranger(server) {
      const dataSource = await open(server, 1);
      return { manager: dataSource.manager, close: () => dataSource.destroy() };
    },
  };
}
