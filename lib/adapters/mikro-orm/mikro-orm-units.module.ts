import { MikroORM } from '@mikro-orm/core';
import { Module, type DynamicModule, type InjectionToken, type ModuleMetadata } from '@nestjs/common';
import { BackgroundWorkerModule } from '../../background-worker.module.js';
import { checkOrmOptions, ormUnitsModule } from '../../commit/orm-units-module.js';
import { MikroOrmUnits } from './mikro-orm-units.js';

/**
 * What `MikroOrmUnitsModule.forRoot()` takes.
 *
 * @example
 * ```ts
 * import { MikroORM } from '@mikro-orm/core';
 *
 * const options: MikroOrmUnitsOptions = { orms: [MikroORM, 'AUDIT_ORM'] };
 * ```
 */
export interface MikroOrmUnitsOptions extends Pick<ModuleMetadata, 'imports'> {
  /** Injection tokens. Default `[MikroORM]`, which is the unnamed one of `@mikro-orm/nestjs`. */
  orms?: readonly InjectionToken[];
}

/**
 * Global: puts `MikroOrmUnits` around the app's units, and lets `onCommit` find the app's tasks.
 *
 * @example
 * ```ts
 * @Module({ imports: [BackgroundWorkerModule, MikroOrmUnitsModule.forRoot()] })
 * class AppModule {}
 * ```
 */
@Module({})
export class MikroOrmUnitsModule {
  /**
   * Once an app: two that differ are `BGW_TWO_CONFIGURATIONS` when it starts.
   *
   * @param options `imports`: modules that export the ORMs, where they are not global
   * @throws BackgroundWorkerError `BGW_INVALID_OPTION`
   */
  static forRoot(options: MikroOrmUnitsOptions = {}): DynamicModule {
    checkOrmOptions(MikroOrmUnitsModule, options, 'orms');
    const { orms = [MikroORM], imports = [] } = options;
    return ormUnitsModule(MikroOrmUnitsModule, MikroOrmUnits, orms, [BackgroundWorkerModule, ...imports]);
  }
}
