import type { Observable } from 'rxjs';
import type { TickContext, WorkerContext } from './contexts.js';

/**
 * A loop, an async generator or an Observable. Property style on purpose: strict variance.
 *
 * @example
 * ```ts
 * class Poller implements Runnable {
 *   run = async (ctx: WorkerContext) => {
 *     while (!ctx.signal.aborted) await ctx.sleep(1_000);
 *   };
 * }
 * ```
 */
export interface Runnable {
  run: (ctx: WorkerContext) => Promise<unknown> | AsyncIterable<unknown> | Observable<unknown>;
}

/**
 * One run of `every` or `cron`.
 *
 * @example
 * ```ts
 * class Heartbeat implements TickRunnable {
 *   run = (ctx: TickContext) => ctx.logger.log('alive');
 * }
 * ```
 */
export interface TickRunnable {
  run: (ctx: TickContext) => unknown;
}
