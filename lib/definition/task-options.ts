import type { StandardSchemaV1 } from '../contract/standard-schema.js';
import { DEFAULT_BACKOFF, type BackoffOptions } from '../shared/backoff.js';
import { checkBackoff, filledBackoff } from './backoff.js';
import { checkAll, invalid, isRecord, milliseconds, oneOf, record, rule, type Rules } from './check.js';
import { unsupported } from './validation.js';

/**
 * Times are milliseconds.
 *
 * @example
 * ```ts
 * const options: TaskOptions = { name: 'mail.send', retries: 5, timeout: 30_000, concurrency: 2 };
 * ```
 */
export interface TaskOptions {
  /** On the wire. Default "Class.method": give it a name of its own before the class is renamed. */
  name?: string;
  /** Attempts after the first that failed. Default 20. */
  retries?: number;
  /** Between attempts. Default from 5 s to 6 h: about two days in all. */
  backoff?: Partial<BackoffOptions>;
  /** Of one attempt. Default: none. */
  timeout?: number;
  /** At most so many at a time, in a pool of their own. Default: with all others in the app's pool. */
  concurrency?: number;
  /** The module of a worker thread. */
  thread?: string | URL | { module: string | URL; export?: string };
}

export type HandlerOptions = TaskOptions & { readonly payload?: StandardSchemaV1 };

export const TASK_RETRIES = 20;
const TASK_BACKOFF: BackoffOptions = { ...DEFAULT_BACKOFF, initial: 5_000, max: 21_600_000 };

export const retries = rule(
  'a whole number, 0 or more, or Infinity',
  (value) => value === Infinity || (Number.isInteger(value) && Number(value) >= 0),
);
export const taskConcurrency = rule(
  'a whole number, 1 or more',
  (value) => Number.isInteger(value) && Number(value) >= 1,
);

const schema = rule('a Standard Schema, version 1 (zod, valibot, arktype and others)', (value) => {
  if ((typeof value !== 'object' && typeof value !== 'function') || value === null) return false;
  const standard = (value as { '~standard'?: unknown })['~standard'];
  return isRecord(standard) && standard['version'] === 1 && typeof standard['validate'] === 'function';
});

const rules: Rules = {
  name: rule('a non-empty string without white space', (value) => typeof value === 'string' && /^\S+$/.test(value)),
  retries,
  backoff: record,
  timeout: milliseconds(1),
  concurrency: taskConcurrency,
  thread: rule('not available yet', () => true),
  payload: schema,
};

/** @throws BackgroundWorkerError `BGW_INVALID_OPTION`, `BGW_UNSUPPORTED_OPTION` */
export function validateTaskOptions(subject: string, options: unknown): void {
  if (!isRecord(options)) throw invalid(subject, 'options', options, 'an object');
  if (options['thread'] !== undefined) throw unsupported(subject, 'thread');
  checkAll(subject, options, rules);
  checkBackoff(subject, options['backoff']);
}

/** @throws BackgroundWorkerError `BGW_INVALID_OPTION` */
export const handlerBackoff = (subject: string, given: TaskOptions['backoff']): BackoffOptions =>
  filledBackoff(subject, ['default', TASK_BACKOFF], ['the decorator', given]);

const pool: Rules = {
  concurrency: taskConcurrency,
  queue: retries,
  onFull: oneOf('reject', 'discard-oldest'),
};

/** @throws BackgroundWorkerError `BGW_INVALID_OPTION` */
export function validatePoolOptions(subject: string, options: unknown, where: string): void {
  checkAll(subject, options, pool, `${where}.`);
}
