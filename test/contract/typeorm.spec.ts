import type { INestApplicationContext } from '@nestjs/common';
import * as typeorm from 'typeorm';
import * as old from 'typeorm-0.3';
import { describe, expect, it } from 'vitest';
import { onCommit, TypeOrmUnits, TypeOrmUnitsModule } from '../../lib/adapters/typeorm/index.js';
import { BackgroundTasks } from '../../lib/index.js';
import { bootWith, rejection } from '../integration/support/app.js';
import { describeWith, postgres } from '../support/servers.js';
import { contractOf } from './support/on-commit.js';
import { typeOrm } from './support/typeorm.js';

const orm = typeOrm('TypeORM 1', typeorm);
contractOf(orm);
contractOf(typeOrm('TypeORM 0.3', old as unknown as typeof typeorm, 'OLD_DATA_SOURCE'));

const boot = async (pool: number): Promise<INestApplicationContext> =>
  (await bootWith([], { units: [TypeOrmUnits] }, { imports: orm.imports(postgres, pool) })).app;

describeWith(postgres, 'units with TypeORM', () => {
  it('check out a connection when their QueryRunner is first used, and one only', async () => {
    const app = await boot(1);
    const units = app.get(TypeOrmUnits);
    const { manager } = app.get(typeorm.DataSource);
    const runner = await app.get(BackgroundTasks).submit(async () => {
      const mine = units.queryRunner();
      // There is but one connection in the pool.
      expect(await manager.query('select 1 as one')).toEqual([{ one: 1 }]);
      await mine.query('select 1');
      expect(units.queryRunner(app.get(typeorm.DataSource))).toBe(mine);
      await units.queryRunner().query('select 1');
      return mine;
    }).result;
    expect(runner.isReleased).toBe(true);
    expect(await manager.query('select 1 as one')).toEqual([{ one: 1 }]);
  });

  it('have a QueryRunner each; outside there is none', async () => {
    const app = await boot(2);
    const ask = () => app.get(TypeOrmUnits).queryRunner();
    const tasks = app.get(BackgroundTasks);
    const [one, other] = await Promise.all([tasks.submit(ask).result, tasks.submit(ask).result]);
    expect(one).not.toBe(other);
    expect(ask).toThrow(expect.objectContaining({ code: 'BGW_NO_UNIT' }) as Error);
  });

  it('roll back all that they leave open, savepoints and what is around them', async () => {
    const app = await boot(1);
    const units = app.get(TypeOrmUnits);
    const table = `bgw_left_open_${process.pid}`;
    const unit = app.get(BackgroundTasks).submit(async () => {
      const runner = units.queryRunner();
      await runner.startTransaction();
      await runner.query(`create table ${table} (id int)`);
      await runner.startTransaction();
    });
    expect(await rejection(unit.result)).toMatchObject({ code: 'BGW_OPEN_TRANSACTION' });
    // There is but one connection in the pool.
    const { manager } = app.get(typeorm.DataSource);
    expect(await manager.query(`select to_regclass('${table}') as left`)).toEqual([{ left: null }]);
  });

  it('leave onCommit working after the DataSource was initialised anew', async () => {
    const app = await boot(2);
    const dataSource = app.get(typeorm.DataSource);
    const seen: string[] = [];
    const commit = (what: string) =>
      dataSource.transaction(async (manager) => onCommit(manager, () => void seen.push(what)));
    await commit('before');
    await dataSource.destroy();
    await dataSource.initialize();
    await commit('after');
    await app.get(BackgroundTasks).drain();
    expect(seen).toEqual(['before', 'after']);
  });

  it('leave onCommit to the newest app where a DataSource outlives one', async () => {
    const dataSource = await new typeorm.DataSource({ type: 'postgres', url: postgres.url }).initialize();
    const imports = () => {
      class DatabaseModule {}
      const providers = [{ provide: typeorm.DataSource, useValue: dataSource }];
      const exports = [typeorm.DataSource];
      return [{ module: DatabaseModule, global: true, providers, exports }, TypeOrmUnitsModule.forRoot()];
    };
    try {
      const seen: string[] = [];
      for (const name of ['first', 'second']) {
        const { app } = await bootWith([], { units: [TypeOrmUnits] }, { imports: imports() });
        await dataSource.transaction(async (manager) => onCommit(manager, () => void seen.push(name)));
        await app.get(BackgroundTasks).drain();
        await app.close();
      }
      expect(seen).toEqual(['first', 'second']);
    } finally {
      await dataSource.destroy();
    }
  });
});

describe('TypeOrmUnitsModule', () => {
  it('refuses bad options, and says what is missing', async () => {
    const code = 'BGW_INVALID_OPTION';
    const refused = (options: object) => () => TypeOrmUnitsModule.forRoot(options);
    expect(refused({ dataSources: [] })).toThrow(expect.objectContaining({ code }) as Error);
    expect(refused({ dataSource: 'x' })).toThrow(/TypeOrmUnitsModule: option "dataSource" is 'x'; .*dataSources/);
    const error = await rejection(bootWith([], {}, { imports: [TypeOrmUnitsModule.forRoot()] }));
    expect(error.message).toContain('DataSource');
  });
});
