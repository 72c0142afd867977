import type { BackoffOptions } from '../shared/backoff.js';

/**
 * Times are milliseconds.
 *
 * @example
 * ```ts
 * const options: CommonOptions = { name: 'mail', critical: true, phase: 1, stopTimeout: 10_000 };
 * ```
 */
export interface CommonOptions {
  /** Default: the class name in kebab-case, a trailing "worker" dropped. */
  name?: string;
  /** Default true; false: only `handle.start()` starts it. */
  autoStart?: boolean;
  /** Between restarts. Defaults: `DEFAULT_BACKOFF`. */
  backoff?: Partial<BackoffOptions>;
  /** Consecutive failures after which the worker is `failed`. Default Infinity; 10 when critical. (After OTP's restart intensity.) */
  maxFailures?: number;
  /** Default false; true: a failed worker shuts the app down with a non-zero exit. */
  critical?: boolean;
  /** Started ascending, stopped descending. Default 0. (After Spring's SmartLifecycle.) */
  phase?: number;
  /** How long a stop waits for the body. Default 15_000. */
  stopTimeout?: number;
  /** Units' signals abort this long before the stop deadline. Default 3_000, at most half of the time left. */
  cancelGrace?: number;
  /** No heartbeat for this long is a failure. Default: off. `sleep`, a finished unit and a yield beat by themselves. */
  heartbeatTimeout?: number;
  /** Runs once a host or a cluster. */
  singleton?: 'host' | 'cluster' | { scope: 'host' | 'cluster'; lease?: string };
  /** The module of a worker thread. */
  thread?: string | URL | { module: string | URL; export?: string; resourceLimits?: object };
}

/**
 * When a loop that ended is run again. (After OTP's permanent, transient and temporary children.)
 *
 * @example
 * ```ts
 * const restart: RestartMode = 'always';
 * const options: LoopOptions = { restart };
 * ```
 */
export type RestartMode = 'on-failure' | 'always' | 'never';

/**
 * Of a worker whose `run` is a loop, an async generator or an Observable. Times are milliseconds.
 *
 * @example
 * ```ts
 * @BackgroundWorker({ restart: 'always', readyTimeout: 5_000 })
 * class FeedWorker {
 *   async run(ctx: WorkerContext) {
 *     ctx.ready();
 *     await ctx.sleep(60_000);
 *   }
 * }
 * ```
 */
export interface LoopOptions extends CommonOptions {
  /** Default 'on-failure'. */
  restart?: RestartMode;
  /** Set: the worker is ready only after `ctx.ready()`; not in time is a failure; the next phase waits for it. */
  readyTimeout?: number;
  /** How many copies share the work, each under its own lease. */
  shards?: number;
  every?: never;
  cron?: never;
}

interface TickCommon extends CommonOptions {
  /** Default: off. A run that takes longer is a failure and its signal aborts; the next run waits until it has settled. */
  timeout?: number;
}

interface Spread {
  /** Before the first run. Default 0: the first run is at once. */
  initialDelay?: number;
  /** Each run is put off by a draw from [0, jitter). Default 0. */
  jitter?: number;
}

/**
 * Of a worker that runs by a period. Times are milliseconds.
 *
 * @example
 * ```ts
 * const nightly: EveryOptions = { every: { rate: 86_400_000, initialDelay: 60_000, jitter: 5_000 }, timeout: 600_000 };
 * ```
 */
export interface EveryOptions extends TickCommon {
  /** A number is a fixed rate: missed runs coalesce into one, runs never overlap. `delay` counts from the end of a run. */
  every: number | ({ rate: number } & Spread) | ({ delay: number } & Spread);
  cron?: never;
}

/**
 * Of a worker that runs by a cron expression. Not available yet: `BGW_UNSUPPORTED_OPTION`.
 *
 * @example
 * ```ts
 * const monday: CronOptions = { cron: { expression: '0 6 * * 1', timeZone: 'Europe/Vienna' } };
 * ```
 */
export interface CronOptions extends TickCommon {
  cron: string | { expression: string; timeZone?: string; catchUp?: 'skip' | 'once' };
  every?: never;
}

/**
 * Of a worker whose runs are begun by a schedule.
 *
 * @example
 * ```ts
 * const options: TickOptions = { every: { delay: 5_000 } };
 * ```
 */
export type TickOptions = EveryOptions | CronOptions;
/**
 * What `@BackgroundWorker()` takes.
 *
 * @example
 * ```ts
 * const options: WorkerOptions = process.env['SLOW'] ? { every: 60_000 } : { every: 1_000 };
 * ```
 */
export type WorkerOptions = LoopOptions | TickOptions;
/**
 * For all workers of an app that do not say otherwise: the module's option `defaults`.
 *
 * @example
 * ```ts
 * const defaults: WorkerDefaults = { stopTimeout: 5_000, backoff: { max: 10_000 } };
 * const module = BackgroundWorkerModule.forRoot({ defaults });
 * ```
 */
export type WorkerDefaults = Pick<
  CommonOptions,
  'backoff' | 'maxFailures' | 'stopTimeout' | 'cancelGrace' | 'heartbeatTimeout'
>;

/**
 * Omit over each member of a union.
 *
 * @example
 * ```ts
 * type Named = OmitEach<TickOptions, 'name'> & { name: string };
 * ```
 */
export type OmitEach<T, K extends string> = T extends unknown ? Omit<T, K> : never;
/**
 * Over the decorator's, by worker name: the module's option `workers`.
 *
 * @example
 * ```ts
 * const report: WorkerOverrides = { every: 5_000 };
 * const module = BackgroundWorkerModule.forRoot({ workers: { report } });
 * ```
 */
export type WorkerOverrides = Partial<OmitEach<WorkerOptions, 'name' | 'thread'>>;
