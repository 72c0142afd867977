import type { SubmitOptions } from '../contract/tasks.js';
import { AsyncLocalStorage } from 'node:async_hooks';
import { checkAll, invalid, milliseconds, oneOf, record, rule, type Rules } from '../definition/check.js';
import { DEFAULT_BACKOFF } from '../shared/backoff.js';
import { capture } from '../units/unit-runner.js';
import type { UnitEnvironment } from '../units/environment.js';
import type { TaskSpec } from './task.js';

const SUBJECT = 'BackgroundTasks.submit()';
const text = rule('a non-empty string', (value) => typeof value === 'string' && value !== '');
const whole = rule(
  'a whole number, 0 or more, or Infinity',
  (value) => value === Infinity || (Number.isInteger(value) && Number(value) >= 0),
);

const rules: Rules = {
  name: text,
  context: oneOf('root', 'inherit'),
  delay: milliseconds(0),
  retries: whole,
  backoff: record,
  timeout: milliseconds(1),
  signal: rule('an AbortSignal', (value) => value instanceof AbortSignal),
  transfer: rule('a list of transferables', Array.isArray),
  concurrency: rule('a whole number, 1 or more', (value) => Number.isInteger(value) && Number(value) >= 1),
};

const NO_HEADERS: Readonly<Record<string, string>> = Object.freeze({});

export const DEFAULT_SPEC: TaskSpec = {
  name: '',
  headers: NO_HEADERS,
  retries: 0,
  backoff: DEFAULT_BACKOFF,
  timeout: undefined,
  within: undefined,
  id: undefined,
};

/** What of a submission differs from the default; nothing is made where nothing does. */
export function specOf(
  { interceptors }: UnitEnvironment,
  fn: unknown,
  options: SubmitOptions | undefined,
  id?: string,
): TaskSpec {
  if (typeof fn !== 'function') throw invalid(SUBJECT, 'fn', fn, 'a function');
  if (options === undefined && interceptors.length === 0 && id === undefined) return DEFAULT_SPEC;
  if (options !== undefined) checkAll(SUBJECT, options, rules);
  const { name = '', retries = 0, backoff, timeout, context } = options ?? {};
  return {
    name,
    headers: interceptors.length === 0 ? NO_HEADERS : capture(interceptors),
    retries,
    backoff: backoff ? { ...DEFAULT_BACKOFF, ...backoff } : DEFAULT_BACKOFF,
    timeout,
    within: context === 'inherit' ? AsyncLocalStorage.snapshot() : undefined,
    id,
  };
}
