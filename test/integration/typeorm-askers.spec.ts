import {
  Controller,
  forwardRef,
  Inject,
  Injectable,
  Module,
  Scope,
  UseGuards,
  type CanActivate,
  type DynamicModule,
} from '@nestjs/common';
import { LazyModuleLoader } from '@nestjs/core';
import { DataSource } from 'typeorm';
import { describe, expect, it } from 'vitest';
import { TypeOrmUnits, TypeOrmUnitsModule } from '../../lib/adapters/typeorm/index.js';
import { BackgroundTasks } from '../../lib/index.js';
import { bootWith, rejection, type Booted } from './support/app.js';

/** It connects to no server before its first query. */
const dataSource = new DataSource({ type: 'postgres' });

@Module({})
class DatabaseModule {
  static readonly imports: NonNullable<DynamicModule['imports']> = [
    {
      module: DatabaseModule,
      global: true,
      providers: [{ provide: DataSource, useValue: dataSource }],
      exports: [DataSource],
    },
    TypeOrmUnitsModule.forRoot(),
  ];
}

const askWith = (more: Partial<DynamicModule>): Promise<Booted> =>
  bootWith(more.providers ?? [], {}, { ...more, imports: DatabaseModule.imports });

const ask = ({ app }: Booted): Promise<unknown> =>
  app.get(BackgroundTasks).submit(() => app.get(TypeOrmUnits).queryRunner() !== undefined).result;

@Injectable()
class ByConstructor {
  constructor(@Inject(TypeOrmUnits) readonly units: TypeOrmUnits) {}
}
@Injectable()
class ByProperty {
  @Inject(TypeOrmUnits) readonly units!: TypeOrmUnits;
}
@Injectable()
class Forward {
  constructor(@Inject(forwardRef(() => TypeOrmUnits)) readonly units: TypeOrmUnits) {}
}
@Injectable()
class Inherited extends ByProperty {}
@Injectable({ scope: Scope.REQUEST })
class PerRequest extends ByConstructor {}
@Injectable({ scope: Scope.TRANSIENT })
class Transient extends ByConstructor {}
@Controller()
class AskingController extends ByConstructor {}
@Injectable()
class Guard extends ByConstructor implements CanActivate {
  canActivate(): boolean {
    return true;
  }
}
@Controller()
@UseGuards(Guard)
class GuardedController {}
const factory = { provide: 'FACTORY', useFactory: (units: TypeOrmUnits) => units, inject: [TypeOrmUnits] };
const optional = { ...factory, inject: [{ token: TypeOrmUnits, optional: true }] };
const alias = { provide: 'ALIAS', useExisting: TypeOrmUnits };

describe('units keep a QueryRunner for whoever injects TypeOrmUnits', () => {
  it.each<[string, Partial<DynamicModule>]>([
    ['a constructor', { providers: [ByConstructor] }],
    ['a property', { providers: [ByProperty] }],
    ['a forward reference', { providers: [Forward] }],
    ['an inherited property', { providers: [Inherited] }],
    ['a request-scoped provider', { providers: [PerRequest] }],
    ['a transient provider', { providers: [Transient] }],
    ['a controller', { controllers: [AskingController] }],
    ['a guard', { controllers: [GuardedController] }],
    ['a factory', { providers: [factory] }],
    ['a factory that can do without', { providers: [optional] }],
    ['an alias', { providers: [alias] }],
  ])('%s', async (_who, more) => expect(await ask(await askWith(more))).toBe(true));

  it('a provider of a module that is loaded lazily', async () => {
    const booted = await askWith({});
    class LazyModule {}
    await booted.app.get(LazyModuleLoader).load(() => ({ module: LazyModule, providers: [ByConstructor] }));
    expect(await ask(booted)).toBe(true);
  });

  it('and nothing where nobody does, which is said to whoever asks in another way', async () => {
    const booted = await askWith({});
    const error = await rejection(ask(booted));
    expect(error).toMatchObject({ code: 'BGW_NO_UNIT' });
    expect(error.message).toContain('write @Inject(TypeOrmUnits)');
    const next = Promise.resolve();
    const unit = { kind: 'task', name: '', id: '', headers: {} } as const;
    expect(booted.app.get(TypeOrmUnits).around(unit, () => next)).toBe(next);
  });
});
