import type { Abstract, LoggerService, Type } from '@nestjs/common';
import type { Lease } from './lease.js';

/**
 * An injection token as the contexts' `get` and `resolve` take it.
 *
 * @example
 * ```ts
 * const LIMITS: Token<{ rows: number }> = Symbol('limits');
 * const read = (unit: UnitContext) => unit.get<{ rows: number }>(LIMITS).rows;
 * ```
 */
export type Token<T> = Type<T> | Abstract<T> | string | symbol;

/**
 * What every body can see, loop or tick.
 *
 * @example
 * ```ts
 * const describe = ({ name, incarnation }: BodyContext) => `${name}, run number ${incarnation}`;
 * ```
 */
export interface BodyContext {
  readonly name: string;
  /** 1 for the first run, one more at each restart. */
  readonly incarnation: number;
  /** Nest's logger, with the worker's name as its context. */
  readonly logger: LoggerService;
  /** Present with `singleton` or `shards`. */
  readonly lease?: Lease;
  /** Present with `shards`: which one this is. */
  readonly shard?: { readonly index: number; readonly count: number };
  /** Says that the body is alive, where `heartbeatTimeout` is set. `sleep`, a finished unit and a yield say it by themselves. */
  heartbeat(): void;
  /**
   * Asks for more time to stop, counted from now, as systemd's EXTEND_TIMEOUT_USEC. Only while stopping; never past the
   * app's `shutdownTimeout`.
   * @param ms milliseconds
   */
  extendStop(ms: number): void;
}

/**
 * A bounded piece of work: a tick, a task, or a `ctx.unitOfWork` inside a loop.
 *
 * @example
 * ```ts
 * async function importFile(unit: UnitContext, url: string) {
 *   const answer = await fetch(url, { signal: unit.signal });
 *   await unit.sleep(1_000);
 *   return await answer.text();
 * }
 * ```
 */
export interface UnitContext {
  readonly id: string;
  /** Cancel NOW: time-out, lost lease, stall, or `cancelGrace` before the stop deadline. Not the mere wish to stop: units drain. */
  readonly signal: AbortSignal;
  /**
   * Rejects with `WorkerAborted` when `signal` aborts, by the same rule as `WorkerContext.sleep`.
   * @param ms milliseconds
   */
  sleep(ms: number): Promise<void>;
  /** Strings captured where the work was submitted (trace context and the like). */
  readonly headers: Readonly<Record<string, string>>;
  /** From the app's DI; opens no scope. */
  get<T = unknown>(token: Token<T>): T;
  /** From the unit's own DI scope, opened at first use: request-scoped providers work, and `REQUEST` there throws `BGW_NO_REQUEST` when read. */
  resolve<T = unknown>(token: Token<T>): Promise<T>;
}

/**
 * What a loop, a generator or an Observable is given.
 *
 * @example
 * ```ts
 * @BackgroundWorker()
 * class QueueWorker {
 *   async run(ctx: WorkerContext) {
 *     for await (const _ of ctx.ticks(1_000)) {
 *       await ctx.unitOfWork(async (unit) => await fetch('https://example.com/next', { signal: unit.signal }));
 *     }
 *   }
 * }
 * ```
 */
export interface WorkerContext extends BodyContext {
  /** Aborts when stop is asked (or the incarnation is cancelled): take no new work. */
  readonly signal: AbortSignal;
  /**
   * Rejects with `WorkerAborted` at stop. A body that swallows this and goes on does not starve the process: after the stop
   * `sleep`, `unitOfWork` and `spawn` reject (the latter two without calling `fn`) and `ticks` ends, after a macrotask the
   * first time and after 100 ms from the second on.
   * @param ms milliseconds
   */
  sleep(ms: number): Promise<void>;
  /**
   * `for await (const _ of ctx.ticks(1_000))`: at a fixed rate, the first at once, missed ones coalesced into one; ends by
   * itself at stop.
   * @param ms milliseconds between ticks
   */
  ticks(ms: number): AsyncIterable<void>;
  /** Says that the worker is ready. Only meaningful with `readyTimeout`. */
  ready(): void;
  /** A child: joined at stop; its unhandled failure fails the worker. (After Go's errgroup and Kotlin's coroutineScope.) */
  spawn<T>(fn: (ctx: WorkerContext) => Promise<T>): Promise<T>;
  /**
   * A unit of work: drained at stop rather than cut.
   * @param options `timeout` in milliseconds: rejects at once and aborts the unit's signal. Default: none.
   */
  unitOfWork<T>(fn: (unit: UnitContext) => T | PromiseLike<T>, options?: { timeout?: number }): Promise<T>;
}

/**
 * For `every` and `cron`: one run is one unit.
 *
 * @example
 * ```ts
 * @BackgroundWorker({ every: 60_000, timeout: 30_000 })
 * class PingWorker {
 *   async run({ scheduledAt, signal, logger }: TickContext) {
 *     const { status } = await fetch('https://example.com', { signal });
 *     logger.log(`${status}, wanted at ${scheduledAt.toISOString()}`);
 *   }
 * }
 * ```
 */
export interface TickContext extends BodyContext, UnitContext {
  /** When the schedule wanted this run; of a triggered one, when it was triggered. */
  readonly scheduledAt: Date;
}
