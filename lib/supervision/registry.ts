import { inspect } from 'node:util';
import type { Type } from '@nestjs/common';
import { BackgroundWorkerError } from '../shared/errors.js';
import type { WorkerHandle } from './handle.js';
import type { Supervisor } from './supervisor.js';

export interface RegistryEntry {
  readonly supervisor: Supervisor;
  readonly handle: WorkerHandle;
  /** The classes it goes by: its own, and the token it was provided under. */
  readonly classes: readonly unknown[];
  /** The module that it was found in, for messages. */
  readonly source: string;
}

/** The workers of an app, by name. */
export class Registry {
  private readonly entries = new Map<string, RegistryEntry>();

  get all(): readonly RegistryEntry[] {
    return [...this.entries.values()];
  }

  get names(): readonly string[] {
    return [...this.entries.keys()];
  }

  /** @throws BackgroundWorkerError `BGW_DUPLICATE_WORKER` */
  add(entry: RegistryEntry): RegistryEntry {
    const { name } = entry.handle;
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

const whereOf = ({ supervisor: { policy }, source }: RegistryEntry): string => `${policy.subject} in ${source}`;
