import type { ModuleRef, ModulesContainer } from '@nestjs/core';
import { CANCEL_GRACE, SHUTDOWN_TIMEOUT } from '../definition/definition.js';
import { guardOptionsOf } from '../definition/module-options.js';
import type { EventHub } from '../events/event-hub.js';
import { GuardKeeper } from '../guard/guard-keeper.js';
import {
  BY_REPL,
  BY_SCRIPT,
  TASKS,
  checkNames,
  isWithoutWorkers,
  selectionOf,
  type Selection,
} from '../host/enabled.js';
import { isRepl } from '../host/repl.js';
import type { Clock } from '../shared/clock.js';
import { Inside } from '../shared/inside.js';
import type { RootContext } from '../shared/root-context.js';
import { supervisorPorts } from '../supervision/failures.js';
import { Crew } from '../supervision/crew.js';
import type { Keepers } from '../supervision/keepers.js';
import { Registry } from '../supervision/registry.js';
import type { Stage } from '../supervision/stage.js';
import { UNIT_EVENTS, type UnitEnvironment } from '../units/environment.js';
import { Closing } from '../tasks/ending/closing.js';
import type { AppTasks } from '../tasks/app-tasks.js';
import { configurationOf } from './configuration.js';
import { appOf } from './look.js';
import { decorated } from './decorated.js';
import { discover } from './discover.js';
import { discoverInterceptors } from './discover-interceptors.js';
import { assembleTasks } from './task-assembly.js';
import { WorkerFactory } from './worker-factory.js';

/** What an app's workers are made from. */
export interface Materials {
  readonly modules: ModulesContainer;
  readonly moduleRef: ModuleRef;
  readonly clock: Clock;
  readonly hub: EventHub;
  readonly stage: Stage;
  readonly root: RootContext;
  readonly keepers: Keepers;
  /** Somebody has work that wants to be drained. */
  readonly onWork: () => void;
  /** Stops all workers. */
  readonly drain: () => Promise<unknown>;
}

/** The workers of an app, found, validated and ready to start. */
export interface Assembly {
  readonly shutdownTimeout: number;
  readonly crew: Crew;
  readonly registry: Registry;
  readonly factory: WorkerFactory;
  readonly tasks: AppTasks;
  readonly closing: Closing;
}

/** @param off nothing starts, whatever the options say */
export function assemble(materials: Materials, off: Selection | undefined): Assembly {
  const { modules, moduleRef, clock, hub, stage, root, keepers, onWork, drain } = materials;
  const given = configurationOf(modules);
  const options = { ...given, shutdownTimeout: given.shutdownTimeout ?? SHUTDOWN_TIMEOUT };
  const skipped = (what: string): void => hub.note({ type: 'skipped', what });
  const found = [...decorated(modules.values())];
  const interceptors = discoverInterceptors(options, moduleRef, found, skipped);
  const unitAudience = hub.audience(UNIT_EVENTS);
  const environment: UnitEnvironment = {
    clock,
    hub,
    unitAudience,
    moduleRef,
    inside: new Inside(),
    root,
    interceptors,
  };
  const ports = supervisorPorts(clock, hub, stage, options, drain);
  const registry = new Registry();
  const { shutdownTimeout } = options;
  const selection = off ?? selectionOf(options.enabled, process.env);
  const units = (): Registry['units'] => registry.units;
  const app = { ...appOf(modules), clock, hub, shutdownTimeout, units, drain };
  const guard = new GuardKeeper(guardOptionsOf(options), app);
  if (!off) keepers.add(guard);
  keepers.seal();
  const factory = new WorkerFactory(environment, options, ports, stage, keepers, () => !off && guard.isOn);
  for (const worker of discover(found, skipped)) registry.add(factory.ofFound(worker));
  checkNames(Object.keys(options.workers ?? {}), registry.names, 'option "workers"');
  checkNames(selection.named, [...registry.names, TASKS], selection.because);
  const tasks = assembleTasks(moduleRef, environment, options, selection, found);
  const closing = new Closing(tasks, clock, options.defaults?.cancelGrace ?? CANCEL_GRACE);
  const crew = new Crew({ registry, selection, keepers, stage, clock, hub, onWork });
  return { shutdownTimeout, registry, factory, crew, tasks, closing };
}

/** Booted by `withoutWorkers()` or in Nest's REPL. Asked while the app is built. */
export const whyOff = (): Selection | undefined => (isWithoutWorkers() ? BY_SCRIPT : isRepl() ? BY_REPL : undefined);
