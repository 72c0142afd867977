import { defineWorker, type Surroundings } from '../definition/definition.js';
import { invalid } from '../definition/check.js';
import type { BackgroundWorkerModuleOptions } from '../definition/module-options.js';
import { bodyOf } from '../execution/body-of.js';
import type { UnitEnvironment } from '../units/environment.js';
import type { AddedLoop, AddedTick } from '../supervision/background-workers.js';
import { SupervisedHandle, type WorkerHandle } from '../supervision/handle.js';
import type { Keepers } from '../supervision/keepers.js';
import { WHOLE, makeUnits } from '../supervision/make-units.js';
import { RegistryEntry, type Units } from '../supervision/registry.js';
import type { Body } from '../supervision/ports.js';
import type { Stage } from '../supervision/stage.js';
import type { SupervisorPorts } from '../supervision/supervisor.js';
import type { Found } from './discover.js';

/** Under the development guard a save should not wait longer for a body that does not stop, in milliseconds. */
const GUARDED_STOP_TIMEOUT = 5_000;

/** Makes a supervised worker of a definition and the instance that it was found on. */
export class WorkerFactory {
  private surroundings: Surroundings | undefined;

  constructor(
    private readonly environment: UnitEnvironment,
    private readonly options: BackgroundWorkerModuleOptions & { readonly shutdownTimeout: number },
    private readonly ports: SupervisorPorts,
    private readonly stage: Stage,
    private readonly keepers: Keepers,
    /** Asked with the first worker: an app without any needs none. */
    private readonly isGuarded: () => boolean,
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

  private readonly handleOf = ([whole]: Units): WorkerHandle =>
    new SupervisedHandle(whole, this.stage, this.environment.inside);

  private surround(): Surroundings {
    const { defaults = {}, workers = {}, shutdownTimeout } = this.options;
    return {
      shutdownTimeout,
      defaults: this.isGuarded() ? { stopTimeout: GUARDED_STOP_TIMEOUT, ...defaults } : defaults,
      overrides: workers,
    };
  }

  private make(
    subject: string,
    own: Found['options'],
    target: Found['target'],
    classes: readonly unknown[],
    source: string,
  ): RegistryEntry {
    const definition = defineWorker(subject, own, (this.surroundings ??= this.surround()));
    const body = (): Body => bodyOf(this.environment, definition, target);
    const units = makeUnits(definition, WHOLE, this.keepers, body, this.ports);
    return new RegistryEntry(units, classes, source, this.handleOf);
  }
}
