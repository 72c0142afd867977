import type { DynamicModule, InjectionToken, ModuleMetadata, Type } from '@nestjs/common';
import { ModulesContainer } from '@nestjs/core';
import type { UnitInterceptor } from '../contract/units.js';
import { checkAll, list, tokens } from '../definition/check.js';
import { BackgroundTasks } from '../tasks/calls/background-tasks.js';

/** The interceptor of an ORM adapter. `O` is what the ORM is injected as. */
type UnitsOf<O> = new (tasks: BackgroundTasks, orms: readonly O[], modules: ModulesContainer) => UnitInterceptor;

/** @throws BackgroundWorkerError `BGW_INVALID_OPTION` */
export const checkOrmOptions = (module: Type<unknown>, options: unknown, orms: string): void =>
  checkAll(module.name, options, { [orms]: tokens, imports: list });

/** Global, with the one provider that is around the app's units. */
export function ormUnitsModule<O>(
  module: Type<unknown>,
  units: UnitsOf<O>,
  orms: readonly InjectionToken[],
  imports: NonNullable<ModuleMetadata['imports']>,
): DynamicModule {
  const provider = {
    provide: units,
    useFactory: (tasks: BackgroundTasks, modules: ModulesContainer, ...found: O[]) => new units(tasks, found, modules),
    inject: [BackgroundTasks, ModulesContainer, ...orms],
  };
  return { module, global: true, imports, providers: [provider], exports: [units] };
}
