import { defineWorker, type Surroundings } from '../definition/definition.js';
import { invalid } from '../definition/check.js';
import type { BackgroundWorkerModuleOptions } from '../definition/module-options.js';
import { bodyOf } from '../execution/body-of.js';
import type { UnitEnvironment } from '../units/environment.js';
import type { Guard } from '../guard/guard.js';
import type { AddedLoop, AddedTick } from '../supervision/background-workers.js';
import { SupervisedHandle, type WorkerHandle } from '../supervision/handle.js';
import type { Gate } from '../supervision/ports.js';
import { RegistryEntry } from '../supervision/registry.js';
import type { Stage } from '../supervision/stage.js';
import { Supervisor, type SupervisorPorts } from '../supervision/supervisor.js';
import type { Found } from './discover.js';

/** Under the development guard a save should not wait longer for a body that does not stop, in milliseconds. */
const GUARDED_STOP_TIMEOUT = 5_000;

const NONE: readonly Gate[] = [];

/** Makes a supervised worker of a definition and the instance that it was found on. */
export class WorkerFactory {
  private made: { readonly guard: Guard | undefined; readonly surroundings: Surroundings } | undefined;

  constructor(
    private readonly environment: UnitEnvironment,
    private readonly options: BackgroundWorkerModuleOptions & { readonly shutdownTimeout: number },
    private readonly ports: SupervisorPorts,
    private readonly stage: Stage,
    /** Asked with the first worker: an app without any needs none. */
    private readonly guardOf: () => Guard | undefined,
  ) {}

  /** @throws BackgroundWorkerError `BGW_INVALID_OPTION`, `BGW_UNSUPPORTED_OPTION` */
  ofFound({ subject, options, target, classes, module }: Found): RegistryEntry {
    return this.make(subject, options, target, classes, module);
  }

  /** @throws BackgroundWorkerError `BGW_INVALID_OPTION`, `BGW_UNSUPPORTED_OPTION` */
  ofAdded(definition: AddedTick | AddedLoop): RegistryEntry {
    const { run, ...options } = definition;
    const subject = `BackgroundWorkers.add(${options.name})`;
    if (typeof run !== 'function') throw invalid(subject, 'run', run, 'a function');
    return this.make(subject, options, { run } as Found['target'], [], 'BackgroundWorkers.add()');
  }

  private readonly handleOf = (supervisor: Supervisor): WorkerHandle =>
    new SupervisedHandle(supervisor, this.stage, this.environment.inside);

  private surround(guard: Guard | undefined): NonNullable<WorkerFactory['made']> {
    const { defaults = {}, workers = {}, shutdownTimeout } = this.options;
    const surroundings: Surroundings = {
      shutdownTimeout,
      gates: guard ? ['guard'] : [],
      defaults: guard ? { stopTimeout: GUARDED_STOP_TIMEOUT, ...defaults } : defaults,
      overrides: workers,
    };
    return { guard, surroundings };
  }

  private make(
    subject: string,
    own: Found['options'],
    target: Found['target'],
    classes: readonly unknown[],
    source: string,
  ): RegistryEntry {
    const { guard, surroundings } = (this.made ??= this.surround(this.guardOf()));
    const definition = defineWorker(subject, own, surroundings);
    const gates = guard ? [guard.gateOf(definition.name)] : NONE;
    const body = bodyOf(this.environment, definition, target);
    const supervisor = new Supervisor(definition, gates, body, this.ports);
    return new RegistryEntry(supervisor, classes, source, this.handleOf);
  }
}
