import type { INestApplicationContext } from '@nestjs/common';
import * as typeorm from 'typeorm';
import * as old from 'typeorm-0.3';
import { describe, expect, it } from 'vitest';
import { onCommit, TypeOrmUnits, TypeOrmUnitsModule } from '../../lib/adapters/typeorm/index.js';
import { BackgroundTasks } from '../../lib/index.js';
import { bootWith, Latch, rejection } from '../integration/support/app.js';
import { describeWith, postgres } from '../support/servers.js';
import { contractOf } from './support/on-commit.js';
import { typeOrm } from './support/typeorm.js';

const orm = typeOrm('TypeORM 1', typeorm);
contractOf(orm);
contractOf(typeOrm('TypeORM 0.3', old as unknown as typeof typeorm, 'OLD_DATA_SOURCE'));

const boot = async (pool: number): Promise<INestApplicationContext> =>
  (await bootWith([], {}, { imports: orm.imports(postgres, pool) })).app;

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

  it('give no QueryRunner to what outlives them, and no connection', async () => {
    const app = await boot(1);
    const units = app.get(TypeOrmUnits);
    const { manager } = app.get(typeorm.DataSource);
    const ended = new Latch();
    const forgotten: Promise<unknown>[] = [];
    const forget = (work: Promise<unknown>): void => void forgotten.push(rejection(work));
    await manager.transaction(async (holder) => {
      await holder.query('select 1');
      const unit = app.get(BackgroundTasks).submit(() => {
        forget(units.queryRunner().query('select 1'));
        forget(ended.opened.then(() => units.queryRunner().query('select 1')));
      });
      await unit.result;
      ended.open();
      await forgotten[1];
    });
    for (const one of forgotten) expect(await one).toMatchObject({ code: 'BGW_NO_UNIT' });
    expect(await manager.query('select 1 as one')).toEqual([{ one: 1 }]);
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

  it('leave each subscriber its one call, where it is the first that calls onCommit', async () => {
    const app = await boot(2);
    const dataSource = app.get(typeorm.DataSource);
    const seen: string[] = [];
    await dataSource.destroy();
    await dataSource.initialize();
    for (const name of ['one', 'other'])
      dataSource.subscribers.push({
        afterTransactionStart: ({ manager }) => onCommit(manager, () => void seen.push(name)),
      });
    await dataSource.transaction(() => Promise.resolve());
    await app.get(BackgroundTasks).drain();
    expect(seen).toEqual(['one', 'other']);
  });

  it('register callbacks as fast when many wait', async () => {
    const { manager } = (await boot(1)).get(typeorm.DataSource);
    let took = Infinity;
    const doomed = manager.transaction(async (inner) => {
      const start = performance.now();
      for (let nr = 0; nr < 40_000; nr++) onCommit(inner, () => undefined);
      took = performance.now() - start;
      throw new Error('undo');
    });
    await expect(doomed).rejects.toThrow('undo');
    expect(took).toBeLessThan(2_000);
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
        const { app } = await bootWith([], {}, { imports: imports() });
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
