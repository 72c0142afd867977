import { DEFAULT_BACKOFF, type BackoffOptions } from '../shared/backoff.js';
import { filledBackoff } from './backoff.js';
import { invalid, present, workerName } from './check.js';
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
  /** The longest any stop may take, extensions included. */
  readonly shutdownTimeout: number;
}

/** `HTTPProbeWorker` is `http-probe`. */
export function workerNameOf(className: string): string {
  const kebab = className.replace(/[a-z0-9](?=[A-Z])|[A-Z](?=[A-Z][a-z])/g, '$&-').toLowerCase();
  return kebab.replace(/-worker$/, '') || kebab;
}

/** What a definition does not say of itself. */
export interface Surroundings {
  readonly shutdownTimeout: number;
  readonly defaults: WorkerDefaults;
  /** Options by worker name. */
  readonly overrides: Readonly<Record<string, WorkerOverrides>>;
}

export const SHUTDOWN_TIMEOUT = 25_000;
export const CANCEL_GRACE = 3_000;
const ALONE: Surroundings = { shutdownTimeout: SHUTDOWN_TIMEOUT, defaults: {}, overrides: {} };

/**
 * @param subject the class, for messages
 * @throws BackgroundWorkerError `BGW_INVALID_OPTION`, `BGW_UNSUPPORTED_OPTION`
 */
export function defineWorker(
  subject: string,
  own: WorkerOptions,
  surroundings: Surroundings = ALONE,
): WorkerDefinition {
  const { defaults, overrides, shutdownTimeout } = surroundings;
  validateWorkerOptions(subject, own);
  const name = own.name ?? workerNameOf(subject);
  if (!workerName.ok(name)) throw invalid(subject, 'name', name, workerName.allowed);
  const over = Object.hasOwn(overrides, name) ? overrides[name] : undefined;
  const options = over ? overridden(subject, own, over) : own;
  const critical = options.critical ?? false;
  return {
    name,
    subject,
    kind: kindOf(options),
    autoStart: options.autoStart ?? true,
    critical,
    phase: options.phase ?? 0,
    backoff: filledBackoff(
      subject,
      ['default', DEFAULT_BACKOFF],
      ["the module's option defaults", defaults.backoff],
      ['the decorator', own.backoff],
      ["the module's option workers", over?.backoff],
    ),
    maxFailures: options.maxFailures ?? defaults.maxFailures ?? (critical ? 10 : Infinity),
    stopTimeout: options.stopTimeout ?? defaults.stopTimeout ?? 15_000,
    cancelGrace: options.cancelGrace ?? defaults.cancelGrace ?? CANCEL_GRACE,
    heartbeatTimeout: options.heartbeatTimeout ?? defaults.heartbeatTimeout,
    shutdownTimeout,
  };
}

function overridden(subject: string, own: WorkerOptions, over: WorkerOverrides & { name?: unknown }): WorkerOptions {
  if (over.name !== undefined) throw invalid(subject, 'name', over.name, 'nothing: an override cannot rename a worker');
  const options = { ...own, ...present(over) } as WorkerOptions;
  validateWorkerOptions(subject, options);
  const kept = own.every !== undefined || options.every === undefined;
  if (!kept)
    throw invalid(
      subject,
      'every',
      options.every,
      'nothing: the class is a loop, and an override cannot make it a tick',
    );
  return options;
}

function kindOf(options: WorkerOptions): WorkerKind {
  if (options.every !== undefined)
    return { type: 'tick', schedule: everySchedule(options.every), timeout: options.timeout };
  const { restart = 'on-failure', readyTimeout } = options as LoopOptions;
  return { type: 'loop', restart, readyTimeout };
}
