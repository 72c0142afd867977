import { EntitySchema, MikroORM } from '@mikro-orm/core';
import { PostgreSqlDriver } from '@mikro-orm/postgresql';
import type { DynamicModule, Type } from '@nestjs/common';
import { ClsModule } from 'nestjs-cls';
import { DataSource } from 'typeorm';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { ClsUnits, ClsUnitsModule } from '../../lib/adapters/cls/index.js';
import { MikroOrmUnits, MikroOrmUnitsModule } from '../../lib/adapters/mikro-orm/index.js';
import { TypeOrmUnits, TypeOrmUnitsModule } from '../../lib/adapters/typeorm/index.js';
import { AroundUnits } from '../../lib/definition/decorators.js';
import { BackgroundTasks, type UnitInterceptor } from '../../lib/index.js';
import { boot, bootWith, rejection } from '../integration/support/app.js';

type Imports = NonNullable<DynamicModule['imports']>;

function globally(token: unknown, value: unknown): DynamicModule {
  class ValueModule {}
  const provider = { provide: token as string, useValue: value };
  return { module: ValueModule, global: true, providers: [provider], exports: [provider.provide] };
}

@AroundUnits('import AcmeUnitsModule')
class AcmeUnits implements UnitInterceptor {
  around(_unit: unknown, next: () => Promise<unknown>): Promise<unknown> {
    return next();
  }
}
class AcmeUnitsModule {}
const acme = (label: string): DynamicModule => ({
  module: AcmeUnitsModule,
  providers: [AcmeUnits, { provide: 'LABEL', useValue: label }],
});

/** Both connect to no server before their first query. */
const dataSource = new DataSource({ type: 'postgres' });
const orm = MikroORM.initSync({
  driver: PostgreSqlDriver,
  dbName: 'none',
  entities: [
    new EntitySchema<{ id: number }>({ name: 'Unused', properties: { id: { type: 'number', primary: true } } }),
  ],
});

interface Adapter {
  readonly units: Type<UnitInterceptor>;
  /** What it needs besides its own module. */
  readonly needs: Imports;
  readonly registered: () => DynamicModule;
  readonly otherwise: () => DynamicModule;
  readonly line: string;
}
const adapters: readonly Adapter[] = [
  {
    units: TypeOrmUnits,
    needs: [globally(DataSource, dataSource), globally('AUDIT', dataSource)],
    registered: () => TypeOrmUnitsModule.forRoot(),
    otherwise: () => TypeOrmUnitsModule.forRoot({ dataSources: ['AUDIT'] }),
    line: 'import TypeOrmUnitsModule.forRoot()',
  },
  {
    units: MikroOrmUnits,
    needs: [globally(MikroORM, orm)],
    registered: () => MikroOrmUnitsModule.forRoot(),
    otherwise: () => MikroOrmUnitsModule.forRoot({ orms: [MikroORM, MikroORM] }),
    line: 'import MikroOrmUnitsModule.forRoot()',
  },
  {
    units: ClsUnits,
    needs: [ClsModule.forRoot({ global: true })],
    registered: () => ClsUnitsModule.forRoot(),
    otherwise: () => ClsUnitsModule.forRoot({ carry: ['tenant'] }),
    line: 'import ClsUnitsModule.forRoot()',
  },
  {
    units: AcmeUnits,
    needs: [],
    registered: () => acme('one'),
    otherwise: () => acme('other'),
    line: 'import AcmeUnitsModule',
  },
];

describe.each(adapters.map((one) => ({ ...one, name: one.units.name })))(
  '$name',
  ({ units, needs, registered, otherwise, line }) => {
    afterEach(() => void vi.restoreAllMocks());

    async function roundsOfOneTask(named: readonly Type<UnitInterceptor>[]): Promise<number> {
      const around = vi.spyOn(units.prototype as UnitInterceptor, 'around');
      const { app } = await bootWith([], { units: named }, { imports: [...needs, registered()] });
      await app.get(BackgroundTasks).submit(() => undefined).result;
      return around.mock.calls.length;
    }

    it('is around units once it is registered', async () => expect(await roundsOfOneTask([])).toBe(1));

    it('is around them once where "units" names it too', async () => expect(await roundsOfOneTask([units])).toBe(1));

    it('needs no BackgroundWorkerModule beside it, unless it is no module of ours', async () => {
      if (units === AcmeUnits) return;
      class RootModule {}
      const { app } = await boot({ module: RootModule, imports: [...needs, registered()] });
      expect(await app.get(BackgroundTasks).submit(() => 1).result).toBe(1);
    });

    it('says at boot which line is missing where "units" names it alone', async () => {
      const error = await rejection(bootWith([], { units: [units] }, { imports: needs }));
      expect(error).toMatchObject({ code: 'BGW_NOT_REGISTERED' });
      expect(error.message).toContain(`option "units" names ${units.name}`);
      expect(error.message).toContain(line);
    });

    it('is refused where it is registered twice, and differently', async () => {
      const imports = [...needs, registered(), otherwise()];
      const error = await rejection(bootWith([], {}, { imports }));
      expect(error).toMatchObject({ code: 'BGW_TWO_CONFIGURATIONS' });
      expect(error.message).toContain(`${units.name} is registered twice in one app; once, ${line}`);
    });
  },
);

describe('registered adapters', () => {
  const order: string[] = [];
  class Noting implements UnitInterceptor {
    constructor(private readonly name: string) {}
    around(_unit: unknown, next: () => Promise<unknown>): Promise<unknown> {
      order.push(this.name);
      return next();
    }
  }
  @AroundUnits('provide First')
  class First extends Noting {}
  @AroundUnits('provide Second')
  class Second extends Noting {}
  const providers = [First, Second].map((by) => ({ provide: by, useFactory: () => new by(by.name) }));

  it.each<[string, readonly (UnitInterceptor | Type<UnitInterceptor>)[], readonly string[]]>([
    ['inside of what "units" names', [new Noting('own')], ['own', 'First', 'Second']],
    ['at their place where it names them', [Second, new Noting('own')], ['Second', 'own', 'First']],
  ])('are %s', async (_where, units, expected) => {
    order.length = 0;
    const { app } = await bootWith(providers, { units });
    await app.get(BackgroundTasks).submit(() => undefined).result;
    expect(order).toEqual(expected);
  });

  it('are left out where a test replaces them by something without around()', async () => {
    const { app } = await bootWith([{ provide: First, useValue: { other: true } }]);
    expect(await app.get(BackgroundTasks).submit(() => 1).result).toBe(1);
  });
});
