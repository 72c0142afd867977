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
import { LogSubscriber } from './events/log.js';
import type { Selection } from './host/enabled.js';
import { checkShutdownHooks, onSecondSignal } from './host/signals.js';
import { CLOCK, type Clock, type Timer } from './shared/clock.js';
import { stackOf } from './shared/errors.js';
import { OwnLogger } from './shared/own-logger.js';
import { RootContext } from './shared/root-context.js';
import type { AddedLoop, AddedTick, WorkerHost } from './supervision/background-workers.js';
import type { WorkerHandle } from './supervision/handle.js';
import { startPhases, stopPhases } from './supervision/phases.js';
import type { Registry, RegistryEntry } from './supervision/registry.js';
import { Stage } from './supervision/stage.js';
import type { Supervisor } from './supervision/supervisor.js';
import type { TaskHost } from './tasks/calls/background-tasks.js';
import { describeStop } from './tasks/ending/stop-report.js';
import type { AppTasks } from './tasks/app-tasks.js';

/** What our hooks may take of `shutdownTimeout`; the rest is HTTP's and later hooks'. */
const SHARE = 0.8;

/** The one place with Nest's lifecycle hooks: finds the workers, starts them last, stops them first. */
@Injectable()
export class BackgroundWorkerOrchestrator
  implements OnModuleInit, OnApplicationBootstrap, OnModuleDestroy, OnApplicationShutdown, WorkerHost, TaskHost
{
  private readonly logger = new OwnLogger('BackgroundWorker');
  private readonly hub: EventHub;
  private readonly stage = new Stage();
  private readonly off = whyOff();
  private readonly root = new RootContext();
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
  ) {
    this.hub = new EventHub(clock, (error) => this.report('an event listener threw', error), this.root.run);
    this.events$ = eventStream(this.hub, (error) => this.report('a subscriber of events$ threw', error));
    new LogSubscriber(this.logger, clock).listen(this.hub);
    watchLazyModules(loader, modules, this.logger);
  }

  onModuleInit(): void {
    this.initialised = true;
    this.assembled();
  }

  onApplicationBootstrap(): Promise<void> {
    return (this.started ??= this.start());
  }

  onModuleDestroy(): Promise<void> {
    return (this.stopped ??= this.stop());
  }

  async onApplicationShutdown(): Promise<void> {
    if (!this.assembly) return;
    const { closing, guard } = this.assembly;
    const unlisten = onSecondSignal(this.clock, () => closing.abandon());
    const complaint = await closing.end();
    unlisten();
    if (complaint) this.logger.error(complaint);
    guard?.endClose();
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
    const { registry, factory, selection } = this.assembled();
    this.stage.assertNotClosing();
    const entry = registry.add(factory.ofAdded(definition));
    const { guard } = this.assembled();
    const start = async (): Promise<void> => {
      if (selection.includes(entry.name)) await guard?.start(selection.named);
      this.launch([entry], selection);
    };
    void this.stage.whenOpen(start).catch(() => undefined);
    return entry.handle;
  }

  private assembled(): Assembly {
    if (!this.initialised) assertInstantiated(this.modules);
    return (this.assembly ??= assemble(
      {
        modules: this.modules,
        moduleRef: this.moduleRef,
        clock: this.clock,
        hub: this.hub,
        logger: this.logger,
        stage: this.stage,
        root: this.root,
        drain: () => this.onModuleDestroy(),
      },
      this.off,
    ));
  }

  private async start(): Promise<void> {
    if (this.stage.isClosing) return;
    this.root.moveHere();
    const { registry, selection, guard } = this.assembled();
    const on = registry.names.filter((name) => selection.includes(name));
    const off = registry.names.filter((name) => !selection.includes(name));
    if (on.length > 0) await guard?.start(selection.named);
    if (this.stage.isClosing) return;
    this.stage.open();
    this.assembled().tasks.consume();
    this.launch(registry.all, selection);
    const hint = selection.hint === undefined ? '' : `; ${selection.hint}`;
    if (off.length > 0) this.logger.log(`not started here, by ${selection.because}: ${off.join(', ')}${hint}`);
  }

  private launch(entries: readonly RegistryEntry[], selection: Selection): void {
    const off = entries.filter(({ name }) => !selection.includes(name));
    off.forEach(({ supervisor }) => supervisor.dispatch({ type: 'disable' }));
    if (off.length < entries.length) this.checkHooks();
    void startPhases(this.supervisorsOf(entries), () => this.stage.isClosing);
  }

  /** Somebody has work that wants to be drained. */
  private checkHooks(): void {
    if (!this.stage.isClosing) this.hooksCheck ??= checkShutdownHooks(this.clock, this.logger, process.env);
  }

  private async stop(): Promise<void> {
    this.stage.close();
    this.hooksCheck?.cancel();
    if (!this.assembly) return;
    const { registry, shutdownTimeout, guard, closing } = this.assembly;
    guard?.beginClose();
    const supervisors = this.supervisorsOf(registry.all);
    const now = this.clock.now();
    const deadline = now + shutdownTimeout * SHARE;
    const unlisten = onSecondSignal(this.clock, () => {
      supervisors.forEach((one) => one.dispatch({ type: 'abandon' }));
      closing.abandon();
    });
    const workers = stopPhases(supervisors, this.clock, deadline);
    const tasks = closing.begin(workers, deadline, now + shutdownTimeout);
    const { level, line } = describeStop(await workers, await tasks, this.clock.now() - now);
    unlisten();
    if (line) this.logger[level](line);
  }

  private supervisorsOf(entries: readonly RegistryEntry[]): readonly Supervisor[] {
    return entries.map(({ supervisor }) => supervisor);
  }

  private readonly report = (what: string, error: unknown): void => this.logger.error(what, stackOf(error));
}
