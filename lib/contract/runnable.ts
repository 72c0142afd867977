import type { Observable } from 'rxjs';
import type { TickContext, WorkerContext } from './contexts.js';

/** A loop, an async generator or an Observable. Property style on purpose: strict variance. */
export interface Runnable {
  run: (ctx: WorkerContext) => Promise<unknown> | AsyncIterable<unknown> | Observable<unknown>;
}

/** One run of `every` or `cron`. */
export interface TickRunnable {
  run: (ctx: TickContext) => unknown;
}
