import { Inject, Injectable, type Type } from '@nestjs/common';
import type { Observable } from 'rxjs';
import type { WorkerEvent } from '../contract/events.js';
import type { Runnable, TickRunnable } from '../contract/runnable.js';
import { isAlive, type StopReport } from '../contract/worker-state.js';
import type { LoopOptions, OmitEach, TickOptions } from '../definition/options.js';
import type { WorkerHandle } from './handle.js';
import type { Registry } from './registry.js';
import { WORKER_HOST } from './worker-host.js';

/**
 * A tick worker for `add()`.
 *
 * @example
 * ```ts
 * const tick: AddedTick = { name: 'ping', every: 1_000, run: () => fetch('https://example.com') };
 * ```
 */
export type AddedTick = { name: string } & OmitEach<TickOptions, 'thread'> & TickRunnable;
/**
 * A loop for `add()`.
 *
 * @example
 * ```ts
 * const loop: AddedLoop = { name: 'poll', run: async (ctx) => await ctx.sleep(1_000) };
 * ```
 */
export type AddedLoop = { name: string } & OmitEach<LoopOptions, 'thread'> & Runnable;

/** What the control needs of the app; any call discovers the workers first. */
export interface ControlHost {
  registry(): Registry;
  add(definition: AddedTick | AddedLoop): WorkerHandle;
  readonly events$: Observable<WorkerEvent>;
}

/**
 * The control of an app's workers. Inject it anywhere.
 *
 * @example
 * ```ts
 * @Injectable()
 * class Admin {
 *   constructor(private readonly workers: BackgroundWorkers) {}
 *
 *   states() {
 *     return this.workers.list().map(({ name, state }) => `${name}: ${state.status}`);
 *   }
 * }
 * ```
 */
@Injectable()
export class BackgroundWorkers {
  constructor(@Inject(WORKER_HOST) private readonly host: ControlHost) {}

  list(): readonly WorkerHandle[] {
    return this.host.registry().all.map(({ handle }) => handle);
  }

  /**
   * @param worker its name or its class
   * @throws BackgroundWorkerError `BGW_UNKNOWN_WORKER`, which lists the known names
   */
  get(worker: string | Type<unknown>): WorkerHandle {
    return this.host.registry().get(worker).handle;
  }

  /**
   * A worker at run time, supervised like any other. (After Python's `threading.Thread(target=…)`.)
   * @throws BackgroundWorkerError `BGW_INVALID_OPTION`, `BGW_DUPLICATE_WORKER`, `BGW_SHUTTING_DOWN`
   */
  add(definition: AddedTick): WorkerHandle;
  add(definition: AddedLoop): WorkerHandle;
  add(definition: AddedTick | AddedLoop): WorkerHandle {
    return this.host.add(definition);
  }

  /** Stops it and forgets it; an abandoned body keeps its name until it has settled. */
  async remove(name: string): Promise<StopReport> {
    const registry = this.host.registry();
    const { handle, units } = registry.get(name);
    try {
      return await handle.stop();
    } finally {
      const over = units.map((unit) => unit.until(() => !unit.machine.live && !isAlive(unit.state)));
      const gone = Promise.all(over).then(() => registry.delete(name));
      if (units.every(({ machine }) => !machine.live)) await gone;
    }
  }

  /** Pauses every worker that is alive; rejects with the first that could not. */
  async pauseAll(): Promise<void> {
    await Promise.all(this.list().flatMap((handle) => (handle.isAlive ? [handle.pause()] : [])));
  }

  async resumeAll(): Promise<void> {
    await Promise.all(this.list().flatMap((handle) => (handle.isAlive ? [handle.resume()] : [])));
  }

  /** All that happens, as it happens. A subscriber that throws is logged and disturbs nobody. */
  get events$(): Observable<WorkerEvent> {
    return this.host.events$;
  }
}
