import { Module, type DynamicModule, type InjectionToken, type ModuleMetadata } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { checkAll, list, tokens } from '../../definition/check.js';
import { BackgroundTasks } from '../../tasks/calls/background-tasks.js';
import { TypeOrmUnits } from './typeorm-units.js';

export interface TypeOrmUnitsOptions extends Pick<ModuleMetadata, 'imports'> {
  /** Injection tokens. Default `[DataSource]`, which is the unnamed one of `@nestjs/typeorm`. */
  dataSources?: readonly InjectionToken[];
}

/** Global: provides `TypeOrmUnits`, and lets `onCommit` find the app's tasks. */
@Module({})
export class TypeOrmUnitsModule {
  /**
   * Once an app.
   *
   * @param options `imports`: modules that export the data sources, where they are not global
   * @throws BackgroundWorkerError `BGW_INVALID_OPTION`
   */
  static forRoot(options: TypeOrmUnitsOptions = {}): DynamicModule {
    checkAll('TypeOrmUnitsModule', options, { dataSources: tokens, imports: list });
    const { dataSources = [DataSource], imports = [] } = options;
    const provider = {
      provide: TypeOrmUnits,
      useFactory: (tasks: BackgroundTasks, ...found: DataSource[]) => new TypeOrmUnits(tasks, found),
      inject: [BackgroundTasks, ...dataSources],
    };
    return { module: TypeOrmUnitsModule, global: true, imports, providers: [provider], exports: [TypeOrmUnits] };
  }
}
