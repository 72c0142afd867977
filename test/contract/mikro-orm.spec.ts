import { MikroORM, Utils } from '@mikro-orm/core';
import { expect, it } from 'vitest';
import { MikroOrmUnits } from '../../lib/adapters/mikro-orm/index.js';
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
    const { app } = await bootWith([], { units: [MikroOrmUnits] }, { imports: orm.imports(postgres, 2) });
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
});

it(`is MikroORM ${version}`, () => {
  expect(Utils.getORMVersion()).toMatch(new RegExp(`^${version}\\.`));
});
