import { Module, type DynamicModule, type InjectionToken, type ModuleMetadata } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { BackgroundWorkerModule } from '../../background-worker.module.js';
import { checkOrmOptions, ormUnitsModule } from '../../commit/orm-units-module.js';
import { TypeOrmUnits } from './typeorm-units.js';

/**
 * What `TypeOrmUnitsModule.forRoot()` takes.
 *
 * @example
 * ```ts
 * import { DataSource } from 'typeorm';
 *
 * const options: TypeOrmUnitsOptions = { dataSources: [DataSource, 'AUDIT_DATA_SOURCE'] };
 * ```
 */
export interface TypeOrmUnitsOptions extends Pick<ModuleMetadata, 'imports'> {
  /** Injection tokens. Default `[DataSource]`, which is the unnamed one of `@nestjs/typeorm`. */
  dataSources?: readonly InjectionToken[];
}

/**
 * Global: puts `TypeOrmUnits` around the app's units and provides it, and lets `onCommit` find the app's tasks.
 *
 * @example
 * ```ts
 * @Module({ imports: [BackgroundWorkerModule, TypeOrmUnitsModule.forRoot()] })
 * class AppModule {}
 * ```
 */
@Module({})
export class TypeOrmUnitsModule {
  /**
   * Once an app: two that differ are `BGW_TWO_CONFIGURATIONS` when it starts.
   *
   * @param options `imports`: modules that export the data sources, where they are not global
   * @throws BackgroundWorkerError `BGW_INVALID_OPTION`
   */
  static forRoot(options: TypeOrmUnitsOptions = {}): DynamicModule {
    checkOrmOptions(TypeOrmUnitsModule, options, 'dataSources');
    const { dataSources = [DataSource], imports = [] } = options;
    return ormUnitsModule(TypeOrmUnitsModule, TypeOrmUnits, dataSources, [BackgroundWorkerModule, ...imports]);
  }
}
