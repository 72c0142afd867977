import { MikroORM, Utils } from '@mikro-orm/core';
import { PostgreSqlDriver } from '@mikro-orm/postgresql';
import { expect, it } from 'vitest';
import { MikroOrmUnitsModule } from '../../lib/adapters/mikro-orm/index.js';
import { BackgroundTasks } from '../../lib/index.js';
import { bootWith } from '../integration/support/app.js';
import { describeWith, postgres } from '../support/servers.js';
import { contractOf } from './support/on-commit.js';
import { mikroOrm } from './support/mikro-orm.js';

const version = process.env['BGW_MIKRO_ORM'] ?? '6';
const orm = mikroOrm(`MikroORM ${version}`);

contractOf(orm);

describeWith(postgres, `units with MikroORM ${version}`, () => {
  it('have an EntityManager of their own, which the injected one stands for', async () => {
    const { app } = await bootWith([], {}, { imports: orm.imports(postgres, 2) });
    const { em } = app.get(MikroORM);
    const tasks = app.get(BackgroundTasks);
    const unit = async () => {
      const first = em.getContext(false);
      await em.getConnection().execute('select 1');
      return [first, em.getContext(false)] as const;
    };
    const [[one, same], [other]] = await Promise.all([tasks.submit(unit).result, tasks.submit(unit).result]);
    expect(same).toBe(one);
    expect(new Set([em, one, other]).size).toBe(3);
  });

  it('have one of each ORM', async () => {
    const names = ['FIRST', 'SECOND'];
    const open = (contextName: string) =>
      MikroORM.init({
        driver: PostgreSqlDriver,
        clientUrl: postgres.url,
        contextName,
        discovery: { warnWhenNoEntities: false },
        allowGlobalContext: true,
      });
    const orms = await Promise.all(names.map(open));
    class DatabaseModule {}
    const providers = names.map((provide, index) => ({ provide, useValue: orms[index] }));
    const database = { module: DatabaseModule, global: true, providers, exports: names };
    try {
      const imports = [database, MikroOrmUnitsModule.forRoot({ orms: names })];
      const { app } = await bootWith([], {}, { imports });
      const ask = () => orms.map(({ em }) => em.getContext(false) === em);
      expect(ask()).toEqual([true, true]);
      expect(await app.get(BackgroundTasks).submit(ask).result).toEqual([false, false]);
    } finally {
      await Promise.all(orms.map((one) => one.close(true)));
    }
  });
});

it(`is MikroORM ${version}`, () => {
  expect(Utils.getORMVersion()).toMatch(new RegExp(`^${version}\\.`));
});
