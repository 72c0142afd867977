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
import { lookBeforePorts } from './discovery/look.js';
import { creationOf } from './guard/creation.js';
import {
  MODULE_OPTIONS,
  type BackgroundWorkerModuleOptions,
  type BackgroundWorkerOptionsFactory,
} from './definition/module-options.js';
import { EventHub } from './events/event-hub.js';
import { startLog } from './events/log/log.js';
import { CLOCK, SystemClock, type Clock } from './shared/clock.js';
import { OwnLogger } from './shared/own-logger.js';
import { RootContext } from './shared/root-context.js';
import { BackgroundWorkers } from './supervision/background-workers.js';
import { WORKER_HOST } from './supervision/worker-host.js';
import { BackgroundTasks, TASK_HOST, type TaskHost } from './tasks/calls/background-tasks.js';
import { poolToken } from './tasks/calls/inject-task-pool.js';

/** The hub, and the log that listens to it from the first. */
function hubOf(clock: Clock, root: RootContext): EventHub {
  const hub = new EventHub(clock, undefined, root.run);
  startLog(hub, new OwnLogger('BackgroundWorker'), clock);
  return hub;
}

/** One instance an app, however often the public module is imported; its hooks run last at start and first at stop. */
@Global()
@Module({
  providers: [
    { provide: CLOCK, useClass: SystemClock },
    { provide: RootContext, useFactory: () => new RootContext() },
    { provide: EventHub, useFactory: hubOf, inject: [CLOCK, RootContext] },
    BackgroundWorkerOrchestrator,
    { provide: WORKER_HOST, useExisting: BackgroundWorkerOrchestrator },
    BackgroundWorkers,
    { provide: TASK_HOST, useExisting: BackgroundWorkerOrchestrator },
    { provide: BackgroundTasks, useFactory: (host: TaskHost) => new BackgroundTasks(host), inject: [TASK_HOST] },
  ],
  exports: [BackgroundWorkers, BackgroundTasks, TASK_HOST, WORKER_HOST, EventHub, CLOCK],
})
class BackgroundWorkerCoreModule {
  constructor(@Inject(ModulesContainer) modules: ModulesContainer) {
    moveToTheEdge(modules, BackgroundWorkerCoreModule);
    creationOf(modules);
  }
}

const { ConfigurableModuleClass } = new ConfigurableModuleBuilder<BackgroundWorkerModuleOptions>({
  optionsInjectionToken: MODULE_OPTIONS,
})
  .setClassMethodName('forRoot')
  .setFactoryMethodName('createBackgroundWorkerOptions')
  .build();

/**
 * What `forRootAsync` takes: a factory, or a class that is one.
 *
 * @example
 * ```ts
 * const options: BackgroundWorkerModuleAsyncOptions = {
 *   useFactory: async () => ({ pools: { mail: { concurrency: 2 } } }),
 *   poolNames: ['mail'],
 * };
 * ```
 */
export interface BackgroundWorkerModuleAsyncOptions extends Pick<ModuleMetadata, 'imports'> {
  inject?: InjectionToken[];
  useFactory?: (...args: never[]) => BackgroundWorkerModuleOptions | Promise<BackgroundWorkerModuleOptions>;
  useClass?: Type<BackgroundWorkerOptionsFactory>;
  useExisting?: Type<BackgroundWorkerOptionsFactory>;
  /** The names in `pools`, for `@InjectTaskPool(name)`: the factory is asked too late to know them. */
  poolNames?: readonly string[];
}

/** Adds the named pools to what a module provides. */
function withPools(registered: DynamicModule, names: readonly string[]): DynamicModule {
  const tokens = names.map(poolToken);
  const providers = names.map((name) => ({
    provide: poolToken(name),
    useFactory: (host: TaskHost) => new BackgroundTasks(host, name),
    inject: [TASK_HOST],
  }));
  return {
    ...registered,
    module: BackgroundWorkerModule,
    global: true,
    providers: [...(registered.providers ?? []), ...providers],
    exports: tokens,
  };
}

/**
 * Global. Importing the bare class is `forRoot({})`, or shares the one `forRoot` of the app.
 * Two configured ones are `BGW_TWO_CONFIGURATIONS`.
 *
 * @example
 * ```ts
 * @Module({ imports: [BackgroundWorkerModule.forRoot({ shutdownTimeout: 30_000 })] })
 * class AppModule {}
 * ```
 */
@Module({
  imports: [BackgroundWorkerCoreModule],
  providers: [
    {
      provide: Symbol('nestjs-background-worker:look'),
      useFactory: lookBeforePorts,
      inject: [{ token: MODULE_OPTIONS, optional: true }, ModulesContainer, CLOCK, EventHub],
    },
  ],
})
export class BackgroundWorkerModule {
  static forRoot(options: BackgroundWorkerModuleOptions = {}): DynamicModule {
    return withPools(ConfigurableModuleClass.forRoot(options), Object.keys(options.pools ?? {}));
  }

  static forRootAsync({ poolNames = [], ...options }: BackgroundWorkerModuleAsyncOptions): DynamicModule {
    const registered = ConfigurableModuleClass.forRootAsync(
      options as Parameters<typeof ConfigurableModuleClass.forRootAsync>[0],
    );
    return withPools(registered, poolNames);
  }
}
