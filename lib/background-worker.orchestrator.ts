import { AsyncLocalStorage } from 'node:async_hooks';
import {
  Inject,
  Injectable,
  Logger,
  type OnApplicationBootstrap,
  type OnModuleDestroy,
  type OnModuleInit,
} from '@nestjs/common';
import { LazyModuleLoader, ModuleRef, ModulesContainer } from '@nestjs/core';
import type { UnitInterceptor } from './contract/units.js';
import type { BackgroundWorkerModuleOptions } from './definition/module-options.js';
import { configurationOf } from './discovery/configuration.js';
import { discover } from './discovery/discover.js';
import { watchLazyModules } from './discovery/lazy-modules.js';
import { WorkerFactory } from './discovery/worker-factory.js';
import { EventHub } from './events/event-hub.js';
import { eventStream } from './events/event-stream.js';
import { LogSubscriber } from './events/log.js';
import { OFF, checkNames, isWithoutWorkers, selectionOf, type Selection } from './host/enabled.js';
import { isRepl } from './host/repl.js';
import { checkShutdownHooks, onSecondSignal } from './host/signals.js';
import { CLOCK, type Clock, type Timer } from './shared/clock.js';
import { stackOf } from './shared/errors.js';
import { Inside } from './shared/inside.js';
import type { AddedLoop, AddedTick, WorkerHost } from './supervision/background-workers.js';
import type { WorkerHandle } from './supervision/handle.js';
import { startPhases, stopPhases } from './supervision/phases.js';
import { Registry, type RegistryEntry } from './supervision/registry.js';
import { Stage } from './supervision/stage.js';
import { supervisorPorts } from './supervision/failures.js';
import type { Supervisor } from './supervision/supervisor.js';

const SHUTDOWN_TIMEOUT = 25_000;
/** What our hooks may take of `shutdownTimeout`; the rest is HTTP's and later hooks'. */
const SHARE = 0.8;

interface App {
  readonly options: BackgroundWorkerModuleOptions & { readonly shutdownTimeout: number };
  readonly selection: Selection;
  readonly registry: Registry;
  readonly factory: WorkerFactory;
}

/** The one place with Nest's lifecycle hooks: finds the workers, starts them last, stops them first. */
@Injectable()
export class BackgroundWorkerOrchestrator implements OnModuleInit, OnApplicationBootstrap, OnModuleDestroy, WorkerHost {
  private readonly logger = new Logger('BackgroundWorker');
  private readonly hub: EventHub;
  private readonly stage = new Stage();
  private readonly withoutWorkers = isWithoutWorkers();
  private root = AsyncLocalStorage.snapshot();
  private app: App | undefined;
  private started: Promise<void> | undefined;
  private stopped: Promise<void> | undefined;
  private hooksCheck: Timer | undefined;

  readonly events$;

  constructor(
    @Inject(ModulesContainer) private readonly modules: ModulesContainer,
    @Inject(ModuleRef) private readonly moduleRef: ModuleRef,
    @Inject(LazyModuleLoader) loader: LazyModuleLoader,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {
    this.hub = new EventHub(clock, (error) => this.report('an event listener threw', error));
    this.events$ = eventStream(this.hub, (error) => this.report('a subscriber of events$ threw', error));
    new LogSubscriber(this.logger, clock).listen(this.hub);
    watchLazyModules(loader, modules, this.logger);
  }

  onModuleInit(): void {
    this.discovered();
  }

  onApplicationBootstrap(): Promise<void> {
    return (this.started ??= this.start());
  }

  onModuleDestroy(): Promise<void> {
    return (this.stopped ??= this.stop());
  }

  registry(): Registry {
    return this.discovered().registry;
  }

  add(definition: AddedTick | AddedLoop): WorkerHandle {
    const { registry, factory, selection } = this.discovered();
    this.stage.assertNotClosing();
    const entry = registry.add(factory.ofAdded(definition));
    const start = async (): Promise<void> => this.launch([entry], selection);
    void this.stage.whenOpen(start).catch(() => undefined);
    return entry.handle;
  }

  private discovered(): App {
    return (this.app ??= this.discover());
  }

  private discover(): App {
    const given = configurationOf(this.modules);
    const options = { ...given, shutdownTimeout: given.shutdownTimeout ?? SHUTDOWN_TIMEOUT };
    const interceptors = (options.units ?? []).map((unit) =>
      typeof unit === 'object' ? unit : this.moduleRef.get<UnitInterceptor>(unit, { strict: false }),
    );
    const runtime = {
      clock: this.clock,
      hub: this.hub,
      moduleRef: this.moduleRef,
      inside: new Inside(),
      root: <R>(fn: () => R): R => this.root(fn),
      interceptors,
    };
    const ports = supervisorPorts(this.clock, this.hub, this.logger, options, () => this.onModuleDestroy());
    const registry = new Registry();
    const factory = new WorkerFactory(runtime, options, ports, this.stage);
    for (const found of discover(this.modules.values(), (line) => this.logger.debug(line)))
      registry.add(factory.ofFound(found));
    checkNames(Object.keys(options.workers ?? {}), registry.names, 'option "workers"');
    return { options, registry, factory, selection: this.select(options, registry) };
  }

  private select({ enabled }: BackgroundWorkerModuleOptions, registry: Registry): Selection {
    if (this.withoutWorkers || isRepl()) return OFF;
    const selection = selectionOf(enabled, process.env);
    checkNames(selection.named, [...registry.names, 'tasks'], selection.because);
    return selection;
  }

  private async start(): Promise<void> {
    if (this.stage.isClosing) return;
    this.root = AsyncLocalStorage.snapshot();
    const { registry, selection } = this.discovered();
    this.stage.open();
    this.launch(registry.all, selection);
    const off = registry.names.filter((name) => !selection.includes(name));
    if (off.length > 0)
      this.logger.log(
        `not started here, by ${selection.because}: ${off.join(', ')}; BACKGROUND_WORKERS=on or enabled: true starts them`,
      );
    if (off.length < registry.names.length) this.hooksCheck = checkShutdownHooks(this.clock, this.logger, process.env);
  }

  private launch(entries: readonly RegistryEntry[], selection: Selection): void {
    for (const { handle, supervisor } of entries)
      if (!selection.includes(handle.name)) supervisor.dispatch({ type: 'disable' });
    void startPhases(this.supervisorsOf(entries), () => this.stage.isClosing);
  }

  private async stop(): Promise<void> {
    this.stage.close();
    this.hooksCheck?.cancel();
    if (!this.app) return;
    const { registry, options } = this.app;
    const supervisors = this.supervisorsOf(registry.all);
    const unlisten = onSecondSignal(this.clock, () => supervisors.forEach((one) => one.dispatch({ type: 'abandon' })));
    const { stopped, abandoned, ms } = await stopPhases(
      supervisors,
      this.clock,
      this.clock.now() + options.shutdownTimeout * SHARE,
    );
    unlisten();
    const took = `${(ms / 1_000).toFixed(1)} s`;
    if (abandoned.length > 0)
      this.logger.error(`stopped after ${took}; abandoned, still running: ${abandoned.join(', ')}`);
    else if (stopped.length > 0) this.logger.log(`all workers stopped in ${took}: ${stopped.join(', ')}`);
  }

  private supervisorsOf(entries: readonly RegistryEntry[]): readonly Supervisor[] {
    return entries.map(({ supervisor }) => supervisor);
  }

  private report(what: string, error: unknown): void {
    this.logger.error(what, stackOf(error));
  }
}
