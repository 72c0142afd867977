import type { InjectionToken } from '@nestjs/common';
import type { PoolOptions } from '../contract/tasks.js';
import type { UnitInterceptor } from '../contract/units.js';
import { checkAll, flag, func, invalid, isRecord, milliseconds, oneOf, record, rule, type Rules } from './check.js';
import type { WorkerDefaults, WorkerOverrides } from './options.js';
import { validatePoolOptions } from './task-options.js';
import { unsupported, validateDefaults } from './validation.js';

/** 'auto' is on under a watcher and where NODE_ENV is development. */
export type GuardMode = 'auto' | 'on' | 'off';

/**
 * The development guard: no worker runs twice because a watcher reloaded the code.
 *
 * @example
 * ```ts
 * const mode: GuardMode = 'on';
 * const guard: GuardOptions = { mode, key: 'e2e', handoverTimeout: 5_000 };
 * ```
 */
export interface GuardOptions {
  /** Default 'auto': on under a watcher and where NODE_ENV is development; off in production, CI, test runners and replicas. */
  mode?: GuardMode;
  /** Apps with different keys run side by side. Default: none. */
  key?: string;
  /** How long bootstrap waits for an earlier process that closes, in milliseconds. Default 10_000. */
  handoverTimeout?: number;
}

/**
 * What `onError` is told of where an error came up.
 *
 * @example
 * ```ts
 * const onError = (error: unknown, { kind, name, final }: FailurePlace) => {
 *   if (final) console.error(`${kind} ${name} gave up`, error);
 * };
 * ```
 */
export interface FailurePlace {
  readonly kind: 'worker' | 'task';
  readonly name: string;
  readonly incarnation?: number;
  readonly attempt?: number;
  /** Milliseconds; absent where there is no next try. */
  readonly willRetryIn?: number;
  readonly final: boolean;
}

/**
 * What `onFatal` is told: which critical worker failed, or escalated, and with what.
 *
 * @example
 * ```ts
 * const onFatal = ({ worker, error }: FatalReason) => console.error(`${worker} is lost`, error);
 * ```
 */
export interface FatalReason {
  readonly worker: string;
  readonly error: unknown;
}

/**
 * What `BackgroundWorkerModule.forRoot()` takes, all of it optional. Validated when the app starts: `BGW_INVALID_OPTION`.
 *
 * @example
 * ```ts
 * const options: BackgroundWorkerModuleOptions = {
 *   shutdownTimeout: 30_000,
 *   defaults: { stopTimeout: 10_000 },
 *   pools: { mail: { concurrency: 2 } },
 *   onError: (error, at) => console.error(at.name, error),
 * };
 * ```
 */
export interface BackgroundWorkerModuleOptions {
  /**
   * Default true; names: only these run here ("tasks" stands for the task consumers). Under a test runner no worker starts
   * unless this is true or names it. The environment's `BACKGROUND_WORKERS=on|off|a,b|-c` overrides.
   */
  enabled?: boolean | readonly string[];
  /** One deadline in milliseconds from the first hook to the last; a fifth of it is kept for HTTP and later hooks. Default 25_000. */
  shutdownTimeout?: number;
  /** For workers that do not say otherwise. */
  defaults?: WorkerDefaults;
  /** Options by worker name, over those of the decorator. */
  workers?: Record<string, WorkerOverrides>;
  /** A mode is `{ mode }`. Default 'auto'. */
  guard?: GuardMode | GuardOptions;
  /** An onion around every unit, the first outermost: instances or injection tokens. */
  units?: readonly (UnitInterceptor | InjectionToken)[];
  /** A TaskTransport, or its injection token. Default: in memory, not durable. */
  transport?: object | InjectionToken;
  /** Bounds of the app's task pool. */
  pool?: PoolOptions;
  /** Further pools by name, for `@InjectTaskPool(name)`. */
  pools?: Record<string, PoolOptions>;
  /** Error reporters (Sentry and the like). Runs inside the unit's context; what it throws is logged. */
  onError?: (error: unknown, at: FailurePlace) => void;
  /** Replaces the default of shutting the app down with a non-zero exit. */
  onFatal?: (reason: FatalReason) => void | Promise<void>;
}

/**
 * `useClass` and `useExisting` of `forRootAsync` make one of these.
 *
 * @example
 * ```ts
 * @Injectable()
 * class Settings implements BackgroundWorkerOptionsFactory {
 *   createBackgroundWorkerOptions() {
 *     return { shutdownTimeout: Number(process.env['SHUTDOWN_TIMEOUT'] ?? 25_000) };
 *   }
 * }
 * const module = BackgroundWorkerModule.forRootAsync({ useClass: Settings });
 * ```
 */
export interface BackgroundWorkerOptionsFactory {
  createBackgroundWorkerOptions(): BackgroundWorkerModuleOptions | Promise<BackgroundWorkerModuleOptions>;
}

export const MODULE_OPTIONS = Symbol('nestjs-background-worker:options');

const SUBJECT = 'BackgroundWorkerModule';
const NOT_YET = ['leases'];

const isNameList = (value: unknown): boolean =>
  Array.isArray(value) && value.every((name) => typeof name === 'string' && name !== '');
const isInterceptor = (value: unknown): boolean => isRecord(value) && typeof value['around'] === 'function';
const isToken = (value: unknown): boolean => ['string', 'symbol', 'function'].includes(typeof value);

const isTransport = (value: unknown): boolean =>
  typeof value === 'object' && value !== null && typeof (value as { send?: unknown }).send === 'function';
const isPools = (value: unknown): boolean =>
  isRecord(value) && Object.entries(value).every(([name, one]) => name !== 'default' && name !== '' && isRecord(one));

const MODES: readonly unknown[] = ['auto', 'on', 'off'];
const guardRules: Rules = {
  mode: oneOf('auto', 'on', 'off'),
  key: rule('a non-empty string', (value) => typeof value === 'string' && value !== ''),
  handoverTimeout: milliseconds(0),
};

const rules: Rules = {
  guard: rule(
    "'auto', 'on', 'off' or { mode?, key?, handoverTimeout? }",
    (value) => MODES.includes(value) || isRecord(value),
  ),
  enabled: rule('true, false or a list of worker names', (value) => flag.ok(value) || isNameList(value)),
  shutdownTimeout: milliseconds(0),
  defaults: record,
  workers: rule(
    'an object of options by worker name',
    (value) => isRecord(value) && Object.values(value).every(isRecord),
  ),
  units: rule(
    'a list of interceptors with around(), or their injection tokens',
    (value) => Array.isArray(value) && value.every((one) => isInterceptor(one) || isToken(one)),
  ),
  transport: rule('a TaskTransport, or its injection token', (value) => isTransport(value) || isToken(value)),
  pool: record,
  pools: rule('an object of options by pool name, which is not "default"', isPools),
  onError: func,
  onFatal: func,
};

/** @throws BackgroundWorkerError `BGW_INVALID_OPTION`, `BGW_UNSUPPORTED_OPTION` */
export function validateModuleOptions(options: unknown): void {
  if (!isRecord(options)) throw invalid(SUBJECT, 'options', options, 'an object');
  for (const option of NOT_YET) if (options[option] !== undefined) throw unsupported(SUBJECT, option);
  checkAll(SUBJECT, options, rules);
  if (isRecord(options['guard'])) checkAll(SUBJECT, options['guard'], guardRules, 'guard.');
  if (options['pool'] !== undefined) validatePoolOptions(SUBJECT, options['pool'], 'pool');
  for (const [name, pool] of Object.entries(options['pools'] ?? {}))
    validatePoolOptions(SUBJECT, pool, `pools.${name}`);
  if (options['defaults'] !== undefined) validateDefaults(SUBJECT, options['defaults']);
}

export const guardOptionsOf = ({ guard = {} }: BackgroundWorkerModuleOptions): GuardOptions =>
  typeof guard === 'string' ? { mode: guard } : guard;
