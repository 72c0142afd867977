import { DEFAULT_BACKOFF, type BackoffOptions } from '../shared/backoff.js';
import { invalid, workerName } from './check.js';
import type { LoopOptions, RestartMode, WorkerDefaults, WorkerOptions, WorkerOverrides } from './options.js';
import { everySchedule, type Schedule } from './schedule.js';
import { validateWorkerOptions } from './validation.js';

export type WorkerKind =
  | { readonly type: 'loop'; readonly restart: RestartMode; readonly readyTimeout?: number }
  | { readonly type: 'tick'; readonly schedule: Schedule; readonly timeout?: number };

/** A worker's options, validated, with every default filled in. */
export interface WorkerDefinition {
  readonly name: string;
  /** The class, for messages. */
  readonly subject: string;
  readonly kind: WorkerKind;
  readonly autoStart: boolean;
  readonly critical: boolean;
  readonly phase: number;
  readonly backoff: BackoffOptions;
  readonly maxFailures: number;
  readonly stopTimeout: number;
  readonly cancelGrace: number;
  readonly heartbeatTimeout?: number;
}

/** `HTTPProbeWorker` is `http-probe`. */
export function workerNameOf(className: string): string {
  const kebab = className
    .replace(/([a-z0-9])([A-Z])/g, '$1-$2')
    .replace(/([A-Z]+)([A-Z][a-z])/g, '$1-$2')
    .toLowerCase();
  return kebab.replace(/-worker$/, '') || kebab;
}

/**
 * @param subject the class, for messages
 * @throws BackgroundWorkerError `BGW_INVALID_OPTION`, `BGW_UNSUPPORTED_OPTION`
 */
export function defineWorker(
  subject: string,
  own: WorkerOptions,
  defaults: WorkerDefaults = {},
  overrides: WorkerOverrides = {},
): WorkerDefinition {
  validateWorkerOptions(subject, own);
  const options = { ...own, ...present(overrides) } as WorkerOptions;
  validateWorkerOptions(subject, options);
  if (own.every === undefined && options.every !== undefined)
    throw invalid(
      subject,
      'every',
      options.every,
      'nothing: the class is a loop, and an override cannot make it a tick',
    );
  const critical = options.critical ?? false;
  const name = options.name ?? workerNameOf(subject);
  if (!workerName.ok(name)) throw invalid(subject, 'name', name, workerName.allowed);
  return {
    name,
    subject,
    kind: kindOf(options),
    autoStart: options.autoStart ?? true,
    critical,
    phase: options.phase ?? 0,
    backoff: backoffOf(subject, defaults.backoff, own.backoff, overrides.backoff),
    maxFailures: options.maxFailures ?? defaults.maxFailures ?? (critical ? 10 : Infinity),
    stopTimeout: options.stopTimeout ?? defaults.stopTimeout ?? 15_000,
    cancelGrace: options.cancelGrace ?? defaults.cancelGrace ?? 3_000,
    heartbeatTimeout: options.heartbeatTimeout ?? defaults.heartbeatTimeout,
  };
}

function backoffOf(subject: string, ...layers: readonly (Partial<BackoffOptions> | undefined)[]): BackoffOptions {
  const merged = layers.reduce<BackoffOptions>((all, layer) => ({ ...all, ...present(layer ?? {}) }), DEFAULT_BACKOFF);
  const longest = layers.some((layer) => layer?.max !== undefined) ? merged.max : Math.max(merged.max, merged.initial);
  if (longest < merged.initial)
    throw invalid(subject, 'backoff.max', longest, `backoff.initial (${merged.initial}) or more`);
  return { ...merged, max: longest };
}

function kindOf(options: WorkerOptions): WorkerKind {
  if (options.every !== undefined)
    return { type: 'tick', schedule: everySchedule(options.every), timeout: options.timeout };
  const { restart = 'on-failure', readyTimeout } = options as LoopOptions;
  return { type: 'loop', restart, readyTimeout };
}

const present = <T extends object>(options: T): Partial<T> =>
  Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as Partial<T>;
