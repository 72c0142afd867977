import type { BackoffOptions } from '../shared/backoff.js';

/** Times are milliseconds. */
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

export type RestartMode = 'on-failure' | 'always' | 'never';

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

export interface EveryOptions extends TickCommon {
  /** A number is a fixed rate: missed runs coalesce into one, runs never overlap. `delay` counts from the end of a run. */
  every: number | ({ rate: number } & Spread) | ({ delay: number } & Spread);
  cron?: never;
}

export interface CronOptions extends TickCommon {
  cron: string | { expression: string; timeZone?: string; catchUp?: 'skip' | 'once' };
  every?: never;
}

export type TickOptions = EveryOptions | CronOptions;
export type WorkerOptions = LoopOptions | TickOptions;
export type WorkerDefaults = Pick<
  CommonOptions,
  'backoff' | 'maxFailures' | 'stopTimeout' | 'cancelGrace' | 'heartbeatTimeout'
>;

/** Omit over each member of a union. */
export type OmitEach<T, K extends string> = T extends unknown ? Omit<T, K> : never;
export type WorkerOverrides = Partial<OmitEach<WorkerOptions, 'name' | 'thread'>>;
