import type { PoolOptions } from '../../contract/tasks.js';
import { BackgroundWorkerError } from '../../shared/errors.js';
import { TaskPool } from './pool.js';
import type { TaskEnvironment } from './task-environment.js';
import type { Task } from './task.js';

export const DEFAULT_POOL = 'default';

/** An app's pools: those with a name, and those of handlers with a `concurrency` of their own. */
export class Pools {
  private readonly named = new Map<string, TaskPool>();
  private readonly ofHandlers = new Map<string, TaskPool>();

  constructor(
    environment: TaskEnvironment,
    options: Readonly<Record<string, PoolOptions>>,
    handlers: readonly { readonly name: string; readonly concurrency: number | undefined }[],
  ) {
    for (const [name, one] of Object.entries(options)) this.named.set(name, new TaskPool(name, environment, one));
    const queue = options[DEFAULT_POOL]?.queue;
    for (const { name, concurrency } of handlers)
      if (concurrency !== undefined) this.ofHandlers.set(name, new TaskPool(name, environment, { concurrency, queue }));
  }

  get all(): readonly TaskPool[] {
    return [...this.named.values(), ...this.ofHandlers.values()];
  }

  get running(): readonly Task<unknown>[] {
    return this.all.flatMap((pool) => [...pool.running]);
  }

  /** @throws BackgroundWorkerError `BGW_UNKNOWN_POOL` */
  get(name: string): TaskPool {
    const pool = this.named.get(name);
    if (pool) return pool;
    const names = [...this.named.keys()].join(', ');
    throw new BackgroundWorkerError(
      'BGW_UNKNOWN_POOL',
      `no task pool "${name}" in option "pools"; there are: ${names}`,
    );
  }

  ofHandler(name: string): TaskPool {
    return this.ofHandlers.get(name) ?? this.get(DEFAULT_POOL);
  }

  /** What `drain` of a pool waits for: of the default one also the handlers' own. */
  drainedWith(pool: TaskPool): readonly TaskPool[] {
    return pool.name === DEFAULT_POOL ? [pool, ...this.ofHandlers.values()] : [pool];
  }
}
