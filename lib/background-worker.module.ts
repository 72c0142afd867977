import {
  ConfigurableModuleBuilder,
  Global,
  Inject,
  Module,
  type DynamicModule,
  type InjectionToken,
  type ModuleMetadata,
  type Type,
} from '@nestjs/common';
import { ModulesContainer } from '@nestjs/core';
import { BackgroundWorkerOrchestrator } from './background-worker.orchestrator.js';
import { moveToTheEdge } from './discovery/configuration.js';
import {
  MODULE_OPTIONS,
  type BackgroundWorkerModuleOptions,
  type BackgroundWorkerOptionsFactory,
} from './definition/module-options.js';
import { CLOCK, SystemClock } from './shared/clock.js';
import { BackgroundWorkers, WORKER_HOST } from './supervision/background-workers.js';

/** One instance an app, however often the public module is imported; its hooks run last at start and first at stop. */
@Global()
@Module({
  providers: [
    { provide: CLOCK, useClass: SystemClock },
    BackgroundWorkerOrchestrator,
    { provide: WORKER_HOST, useExisting: BackgroundWorkerOrchestrator },
    BackgroundWorkers,
  ],
  exports: [BackgroundWorkers],
})
class BackgroundWorkerCoreModule {
  constructor(@Inject(ModulesContainer) modules: ModulesContainer) {
    moveToTheEdge(modules, BackgroundWorkerCoreModule);
  }
}

const { ConfigurableModuleClass } = new ConfigurableModuleBuilder<BackgroundWorkerModuleOptions>({
  optionsInjectionToken: MODULE_OPTIONS,
})
  .setClassMethodName('forRoot')
  .setFactoryMethodName('createBackgroundWorkerOptions')
  .build();

/** What `forRootAsync` takes: a factory, or a class that is one. */
export interface BackgroundWorkerModuleAsyncOptions extends Pick<ModuleMetadata, 'imports'> {
  inject?: InjectionToken[];
  useFactory?: (...args: never[]) => BackgroundWorkerModuleOptions | Promise<BackgroundWorkerModuleOptions>;
  useClass?: Type<BackgroundWorkerOptionsFactory>;
  useExisting?: Type<BackgroundWorkerOptionsFactory>;
}

/**
 * Global. Importing the bare class is `forRoot({})`, or shares the one `forRoot` of the app.
 * Two configured ones are `BGW_TWO_CONFIGURATIONS`.
 */
@Module({ imports: [BackgroundWorkerCoreModule] })
export class BackgroundWorkerModule {
  static forRoot(options: BackgroundWorkerModuleOptions = {}): DynamicModule {
    return { ...ConfigurableModuleClass.forRoot(options), module: BackgroundWorkerModule };
  }

  static forRootAsync(options: BackgroundWorkerModuleAsyncOptions): DynamicModule {
    const registered = ConfigurableModuleClass.forRootAsync(
      options as Parameters<typeof ConfigurableModuleClass.forRootAsync>[0],
    );
    return { ...registered, module: BackgroundWorkerModule };
  }
}
