import { inspect } from 'node:util';
import type { Type } from '@nestjs/common';
import { BackgroundWorkerError } from '../shared/errors.js';
import type { WorkerHandle } from './handle.js';
import type { Supervisor } from './supervisor.js';

/** What is supervised of a worker: itself, or each of its parts. */
export type Units = readonly [Supervisor, ...Supervisor[]];

/** One worker of the app. Its handle is made when first asked for: most workers are only supervised. */
export class RegistryEntry {
  private lazyHandle: WorkerHandle | undefined = undefined;

  /**
   * @param classes what it goes by: its own class, and the token it was provided under
   * @param source the module that it was found in, for messages
   */
  constructor(
    readonly units: Units,
    readonly classes: readonly unknown[],
    readonly source: string,
    private readonly handleOf: (units: Units) => WorkerHandle,
  ) {}

  get name(): string {
    return this.units[0].definition.name;
  }

  get handle(): WorkerHandle {
    return (this.lazyHandle ??= this.handleOf(this.units));
  }
}

/** The workers of an app, by name. */
export class Registry {
  private readonly entries = new Map<string, RegistryEntry>();

  get all(): readonly RegistryEntry[] {
    return [...this.entries.values()];
  }

  get units(): readonly Supervisor[] {
    return this.all.flatMap(({ units }) => units);
  }

  get names(): readonly string[] {
    return [...this.entries.keys()];
  }

  /** @throws BackgroundWorkerError `BGW_DUPLICATE_WORKER` */
  add(entry: RegistryEntry): RegistryEntry {
    const { name } = entry;
    const before = this.entries.get(name);
    if (before) {
      const message = `two workers are named "${name}": ${whereOf(before)} and ${whereOf(entry)}; give one another \`name\``;
      throw new BackgroundWorkerError('BGW_DUPLICATE_WORKER', message);
    }
    this.entries.set(name, entry);
    return entry;
  }

  /** @throws BackgroundWorkerError `BGW_UNKNOWN_WORKER` */
  get(worker: string | Type<unknown>): RegistryEntry {
    const entry =
      typeof worker === 'string' ? this.entries.get(worker) : this.all.find(({ classes }) => classes.includes(worker));
    if (entry) return entry;
    const wanted = typeof worker === 'function' ? worker.name : inspect(worker);
    throw new BackgroundWorkerError(
      'BGW_UNKNOWN_WORKER',
      `no worker ${wanted}; there are: ${this.names.join(', ') || 'none'}`,
    );
  }

  delete(name: string): void {
    this.entries.delete(name);
  }
}

const whereOf = ({ units: [first], source }: RegistryEntry): string => `${first.definition.subject} in ${source}`;
