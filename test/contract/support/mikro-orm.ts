import { EntitySchema, MikroORM } from '@mikro-orm/core';
import { MariaDbDriver } from '@mikro-orm/mariadb';
import { PostgreSqlDriver, type SqlEntityManager } from '@mikro-orm/postgresql';
import { MikroOrmUnitsModule, onCommit } from '../../../lib/adapters/mikro-orm/index.js';
import type { Server } from '../../support/servers.js';
import type { Orm } from './orm.js';

/** MikroORM wants an entity; the contract needs none. */
const Unused = new EntitySchema<{ id: number }>({
  name: 'Unused',
  properties: { id: { type: 'number', primary: true } },
});

const open = ({ kind, url }: Server, max: number): Promise<MikroORM> =>
  MikroORM.init({
    // One of two drivers, whose types differ.
    driver: (kind === 'postgres' ? PostgreSqlDriver : MariaDbDriver) as typeof PostgreSqlDriver,
    clientUrl: url,
    pool: { min: 0, max },
    entities: [Unused],
    allowGlobalContext: true,
  });

const lifetime = (orm: MikroORM) => ({ onApplicationShutdown: () => orm.close(true) });

export function mikroOrm(title: string): Orm<SqlEntityManager> {
  return {
    title,
    imports(server, pool) {
      class DatabaseModule {}
      return [
        {
          module: DatabaseModule,
          global: true,
          providers: [
            { provide: MikroORM, useFactory: () => open(server, pool) },
            { provide: 'LIFETIME', useFactory: lifetime, inject: [MikroORM] },
          ],
          exports: [MikroORM],
        },
        MikroOrmUnitsModule.forRoot(),
      ];
    },
    manager: (app) => app.get(MikroORM).em as SqlEntityManager,
    managerOfUnit: (app) => app.get(MikroORM).em as SqlEntityManager,
    transaction: (em, work) => em.transactional(work),
    async begin(app) {
      const em = app.get(MikroORM).em.fork() as SqlEntityManager;
      await em.begin();
      return {
        manager: em,
        begin: () => em.begin(),
        commit: () => em.commit(),
        rollback: () => em.rollback(),
        end: () => Promise.resolve(),
      };
    },
    beginIn: (em) => em.begin(),
    sql: (em, statement) => em.execute(statement),
    onCommit,
    throwAfterCommit(app) {
      app
        .get(MikroORM)
        .em.getEventManager()
        .registerSubscriber({
          afterTransactionCommit: () => Promise.reject(new Error('from a subscriber')),
        });
    },
    async stranger(server) {
      const orm = await open(server, 1);
      return { manager: orm.em.fork() as SqlEntityManager, close: () => orm.close(true) };
    },
  };
}
