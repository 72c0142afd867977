import { Injectable } from '@nestjs/common';
import type { Runnable, TickRunnable } from '../contract/runnable.js';
import type { UnitInterceptor } from '../contract/units.js';
import { addMetadata } from './metadata.js';
import type { LoopOptions, TickOptions, WorkerOptions } from './options.js';

type ClassOf<R> = abstract new (...args: never[]) => R;

/**
 * Makes a provider a worker: it starts when the app has booted, is restarted with backoff when it fails, and is drained
 * before anything it depends on is destroyed. Implies `@Injectable()`. Options are validated when the app starts.
 *
 * @example
 * ```ts
 * @BackgroundWorker({ every: 60_000 })
 * class CleanUpWorker {
 *   async run(ctx: TickContext) {
 *     ctx.logger.log('clean');
 *   }
 * }
 * ```
 */
export function BackgroundWorker(options: TickOptions): <C extends ClassOf<TickRunnable>>(target: C) => void;
export function BackgroundWorker(options?: LoopOptions): <C extends ClassOf<Runnable>>(target: C) => void;
export function BackgroundWorker(options: WorkerOptions = {}): (target: ClassOf<unknown>) => void {
  return (target) => {
    Injectable()(target);
    addMetadata(target, { worker: options });
  };
}

/**
 * Makes a provider an adapter around units: its `around()` is around every unit of the app, inside of what the module's option
 * `units` names. There it need not be named; where it is, that is its place, and it runs once. (After Nest's `APP_INTERCEPTOR`.)
 *
 * @param registration the line that registers it, for the error of who forgot it: `import AcmeUnitsModule.forRoot()`
 *
 * @example
 * ```ts
 * import { AroundUnits } from 'nestjs-background-worker/adapter';
 *
 * @AroundUnits('import AcmeUnitsModule')
 * class AcmeUnits implements UnitInterceptor {
 *   around(_unit: UnitInfo, next: () => Promise<unknown>) {
 *     return next();
 *   }
 * }
 * ```
 */
export const AroundUnits =
  (registration: string): (<C extends ClassOf<UnitInterceptor>>(target: C) => void) =>
  (target) =>
    addMetadata(target, { aroundUnits: registration });
