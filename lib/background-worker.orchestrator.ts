import {
  Inject,
  Injectable,
  type OnApplicationBootstrap,
  type OnApplicationShutdown,
  type OnModuleDestroy,
  type OnModuleInit,
} from '@nestjs/common';
import { LazyModuleLoader, ModuleRef, ModulesContainer } from '@nestjs/core';
import { assertInstantiated } from './discovery/configuration.js';
import { assemble, whyOff, type Assembly } from './discovery/assembly.js';
import { watchLazyModules } from './discovery/lazy-modules.js';
import { EventHub } from './events/event-hub.js';
import { eventStream } from './events/event-stream.js';
import { Peers, type Peer } from './host/peers.js';
import { onSecondSignal, whenDeafToSignals } from './host/signals.js';
import { CLOCK, type Clock, type Timer } from './shared/clock.js';
import { RootContext } from './shared/root-context.js';
import type { AddedLoop, AddedTick, ControlHost } from './supervision/background-workers.js';
import type { WorkerHandle } from './supervision/handle.js';
import { Keepers } from './supervision/keepers.js';
import type { GateKeeper } from './supervision/ports.js';
import type { Registry } from './supervision/registry.js';
import { Stage } from './supervision/stage.js';
import { unitView, type WorkerHost, type WorkerUnit } from './supervision/worker-host.js';
import type { TaskHost } from './tasks/calls/background-tasks.js';
import type { AppTasks } from './tasks/app-tasks.js';

/** What our hooks may take of `shutdownTimeout`; the rest is HTTP's and later hooks'. */
const SHARE = 0.8;

/** The one place with Nest's lifecycle hooks: finds the workers, starts them last, stops them first. */
@Injectable()
export class BackgroundWorkerOrchestrator
  implements
    OnModuleInit,
    OnApplicationBootstrap,
    OnModuleDestroy,
    OnApplicationShutdown,
    WorkerHost,
    ControlHost,
    TaskHost
{
  private readonly stage = new Stage();
  private readonly keepers: Keepers;
  private readonly peers = new Peers();
  private readonly off = whyOff();
  private assembly: Assembly | undefined;
  private started: Promise<void> | undefined;
  private stopped: Promise<void> | undefined;
  private hooksCheck: Timer | undefined;
  private initialised = false;

  readonly events$;

  constructor(
    @Inject(ModulesContainer) private readonly modules: ModulesContainer,
    @Inject(ModuleRef) private readonly moduleRef: ModuleRef,
    @Inject(LazyModuleLoader) loader: LazyModuleLoader,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(RootContext) private readonly root: RootContext,
    @Inject(EventHub) private readonly hub: EventHub,
  ) {
    this.keepers = new Keepers(hub);
    const threw = (error: unknown): void =>
      hub.note({ type: 'callbackThrew', what: 'a subscriber of events$ threw', error });
    this.events$ = eventStream(hub, threw);
    watchLazyModules(loader, modules, hub);
  }

  async onModuleInit(): Promise<void> {
    this.initialised = true;
    this.assembled();
    await this.peers.load();
  }

  onApplicationBootstrap(): Promise<void> {
    return (this.started ??= this.start());
  }

  onModuleDestroy(): Promise<void> {
    return (this.stopped ??= this.stop());
  }

  async onApplicationShutdown(): Promise<void> {
    if (!this.assembly) return;
    const { closing } = this.assembly;
    const unlisten = onSecondSignal(this.clock, () => closing.abandon());
    const tasks = await closing.end();
    unlisten();
    if (tasks) this.hub.note({ type: 'lateTasksEnded', tasks });
    this.hub.note({ type: 'over' });
    this.keepers.endClose();
  }

  keep(keeper: GateKeeper): void {
    this.keepers.add(keeper);
  }

  need<T>(peer: Peer<T>): () => T {
    return this.peers.need(peer);
  }

  units(): readonly WorkerUnit[] {
    return this.registry().units.map(unitView);
  }

  tasks(): AppTasks {
    const { tasks } = this.assembled();
    this.checkHooks();
    return tasks;
  }

  registry(): Registry {
    return this.assembled().registry;
  }

  add(definition: AddedTick | AddedLoop): WorkerHandle {
    const { registry, factory, crew } = this.assembled();
    this.stage.assertNotClosing();
    const entry = registry.add(factory.ofAdded(definition));
    void this.stage.whenOpen(() => crew.join(entry)).catch(() => undefined);
    return entry.handle;
  }

  private assembled(): Assembly {
    if (!this.initialised) assertInstantiated(this.modules);
    const { modules, moduleRef, clock, hub, stage, root, keepers } = this;
    const onWork = (): void => this.checkHooks();
    const drain = (): Promise<void> => this.onModuleDestroy();
    return (this.assembly ??= assemble(
      { modules, moduleRef, clock, hub, stage, root, keepers, onWork, drain },
      this.off,
    ));
  }

  private async start(): Promise<void> {
    if (this.stage.isClosing) return;
    this.root.moveHere();
    const { crew, tasks } = this.assembled();
    await crew.start(() => tasks.consume()).catch((error: unknown) => this.failed(error));
  }

  /** Nest calls no hook of an app whose bootstrap has failed: what has started is stopped here. */
  private async failed(error: unknown): Promise<never> {
    await this.onModuleDestroy();
    await this.onApplicationShutdown();
    throw error;
  }

  private async stop(): Promise<void> {
    this.stage.close();
    this.hooksCheck?.cancel();
    if (!this.assembly) return;
    const { crew, shutdownTimeout, closing } = this.assembly;
    this.keepers.beginClose();
    const now = this.clock.now();
    const deadline = now + shutdownTimeout * SHARE;
    const unlisten = onSecondSignal(this.clock, () => {
      crew.abandon();
      closing.abandon();
    });
    const workers = crew.stop(deadline);
    const tasks = closing.begin(workers, deadline, now + shutdownTimeout);
    const report = { workers: await workers, tasks: await tasks };
    unlisten();
    this.hub.note({ type: 'stopped', ...report, ms: this.clock.now() - now });
  }

  /** Somebody has work that wants to be drained. */
  private checkHooks(): void {
    const isProduction = process.env['NODE_ENV'] === 'production';
    const tell = (): void => this.hub.note({ type: 'deafToSignals', isProduction });
    if (!this.stage.isClosing) this.hooksCheck ??= whenDeafToSignals(this.clock, tell);
  }
}
