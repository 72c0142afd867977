import { defineWorker } from '../definition/definition.js';
import { invalid } from '../definition/check.js';
import type { BackgroundWorkerModuleOptions } from '../definition/module-options.js';
import { bodyOf } from '../execution/body-of.js';
import { siteOf, type Runtime } from '../execution/runtime.js';
import type { Guard } from '../guard/guard.js';
import type { AddedLoop, AddedTick } from '../supervision/background-workers.js';
import { SupervisedHandle } from '../supervision/handle.js';
import type { Policy } from '../supervision/machine.js';
import type { RegistryEntry } from '../supervision/registry.js';
import type { Stage } from '../supervision/stage.js';
import { Supervisor, type SupervisorPorts } from '../supervision/supervisor.js';
import type { Found } from './discover.js';

/** Under the development guard a save should not wait longer for a body that does not stop, in milliseconds. */
const GUARDED_STOP_TIMEOUT = 5_000;

/** Makes a supervised worker of a definition and the instance that it was found on. */
export class WorkerFactory {
  constructor(
    private readonly runtime: Runtime,
    private readonly options: BackgroundWorkerModuleOptions & { readonly shutdownTimeout: number },
    private readonly ports: SupervisorPorts,
    private readonly stage: Stage,
    private readonly guard: Guard | undefined,
  ) {}

  /** @throws BackgroundWorkerError `BGW_INVALID_OPTION`, `BGW_UNSUPPORTED_OPTION` */
  ofFound({ subject, options, target, classes, module }: Found): RegistryEntry {
    return this.make(subject, options, target, classes, `${subject} in ${module}`);
  }

  /** @throws BackgroundWorkerError `BGW_INVALID_OPTION`, `BGW_UNSUPPORTED_OPTION` */
  ofAdded(definition: AddedTick | AddedLoop): RegistryEntry {
    const { run, ...options } = definition;
    const subject = `BackgroundWorkers.add(${options.name})`;
    if (typeof run !== 'function') throw invalid(subject, 'run', run, 'a function');
    return this.make(subject, options, { run } as Found['target'], [], subject);
  }

  private make(
    subject: string,
    own: Found['options'],
    target: Found['target'],
    classes: readonly unknown[],
    source: string,
  ): RegistryEntry {
    const { workers = {}, shutdownTimeout } = this.options;
    const defaults = this.guard
      ? { stopTimeout: GUARDED_STOP_TIMEOUT, ...this.options.defaults }
      : this.options.defaults;
    const { name } = defineWorker(subject, own, defaults);
    const definition = defineWorker(subject, own, defaults, Object.hasOwn(workers, name) ? workers[name] : {});
    const gates = this.guard ? [this.guard.gateOf(name)] : [];
    const policy: Policy = { ...definition, shutdownTimeout, gates: gates.map(({ on }) => on) };
    const supervisor = new Supervisor(policy, gates, bodyOf(siteOf(this.runtime, policy), target), this.ports);
    const handle = new SupervisedHandle(supervisor, this.stage, this.runtime.inside);
    return { supervisor, handle, classes, source };
  }
}
