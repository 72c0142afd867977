import { MikroORM } from '@mikro-orm/core';
import { Module, type DynamicModule, type InjectionToken, type ModuleMetadata } from '@nestjs/common';
import { checkAll, list, tokens } from '../../definition/check.js';
import { BackgroundTasks } from '../../tasks/calls/background-tasks.js';
import { MikroOrmUnits } from './mikro-orm-units.js';

export interface MikroOrmUnitsOptions extends Pick<ModuleMetadata, 'imports'> {
  /** Injection tokens. Default `[MikroORM]`, which is the unnamed one of `@mikro-orm/nestjs`. */
  orms?: readonly InjectionToken[];
}

/** Global: provides `MikroOrmUnits`, and lets `onCommit` find the app's tasks. */
@Module({})
export class MikroOrmUnitsModule {
  /**
   * Once an app.
   *
   * @param options `imports`: modules that export the ORMs, where they are not global
   * @throws BackgroundWorkerError `BGW_INVALID_OPTION`
   */
  static forRoot(options: MikroOrmUnitsOptions = {}): DynamicModule {
    checkAll('MikroOrmUnitsModule', options, { orms: tokens, imports: list });
    const { orms = [MikroORM], imports = [] } = options;
    const provider = {
      provide: MikroOrmUnits,
      useFactory: (tasks: BackgroundTasks, ...found: MikroORM[]) => new MikroOrmUnits(tasks, found),
      inject: [BackgroundTasks, ...orms],
    };
    return { module: MikroOrmUnitsModule, global: true, imports, providers: [provider], exports: [MikroOrmUnits] };
  }
}
