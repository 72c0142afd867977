import { AsyncLocalStorage } from 'node:async_hooks';
import type { SubmitOptions } from '../../contract/tasks.js';
import { checkAll, finite, invalid, milliseconds, oneOf, record, rule, type Rules } from '../../definition/check.js';
import { retries, taskConcurrency } from '../../definition/task-options.js';
import { checkBackoff } from '../../definition/validation.js';
import { DEFAULT_BACKOFF, type BackoffOptions } from '../../shared/backoff.js';
import type { Within } from '../../shared/root-context.js';
import type { UnitEnvironment } from '../../units/environment.js';
import { NO_HEADERS, capture } from '../../units/unit-runner.js';

/** What of `SubmitOptions` lasts as long as the task. */
export interface TaskSpec {
  readonly name: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly retries: number;
  readonly backoff: BackoffOptions;
  readonly timeout: number | undefined;
  /** Runs the function in the submitter's context. */
  readonly within: Within | undefined;
  readonly id: string | undefined;
}

const text = rule('a non-empty string', (value) => typeof value === 'string' && value !== '');
const submit: Rules = {
  name: text,
  context: oneOf('root', 'inherit'),
  delay: milliseconds(0),
  retries,
  backoff: record,
  timeout: milliseconds(1),
  signal: rule('an AbortSignal', (value) => value instanceof AbortSignal),
};
const rules = {
  submit,
  submitWhenFree: submit,
  map: { ...submit, concurrency: taskConcurrency },
  run: { ...submit, transfer: rule('a list of transferable objects', Array.isArray) },
} satisfies Record<string, Rules>;

/** @throws BackgroundWorkerError `BGW_INVALID_OPTION` */
export function checkSubmission(call: keyof typeof rules, fn: unknown, options: unknown): void {
  if (typeof fn !== 'function') throw invalid(`BackgroundTasks.${call}()`, 'fn', fn, 'a function');
  if (options !== undefined) checkOptions(call, options);
}

/** @throws BackgroundWorkerError `BGW_INVALID_OPTION` */
export function checkOptions(call: keyof typeof rules, options: unknown): void {
  const subject = `BackgroundTasks.${call}()`;
  checkAll(subject, options, rules[call]);
  const { backoff } = options as SubmitOptions;
  if (backoff !== undefined) checkBackoff(subject, backoff);
}

const dispatch: Rules = {
  id: text,
  delay: milliseconds(0),
  priority: finite,
  transaction: rule('an object', (value) => typeof value === 'object'),
};

/** @throws BackgroundWorkerError `BGW_INVALID_OPTION` */
export const checkDispatch = (options: unknown): void => checkAll('BackgroundTasks.dispatch()', options, dispatch);

const DEFAULT_SPEC: TaskSpec = {
  name: '',
  headers: NO_HEADERS,
  retries: 0,
  backoff: DEFAULT_BACKOFF,
  timeout: undefined,
  within: undefined,
  id: undefined,
};

/** What is given over what is the default; a first wait that is longer than the longest moves that. */
export function backoffOver(base: BackoffOptions, given: Partial<BackoffOptions> | undefined): BackoffOptions {
  if (!given) return base;
  const present = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
  const merged = { ...base, ...present };
  return { ...merged, max: given.max ?? Math.max(merged.max, merged.initial) };
}

/** What of a submission lasts as long as the task. Nothing is made where nothing differs from the default. */
export function specOf(
  environment: UnitEnvironment,
  options: SubmitOptions | undefined,
  more?: Partial<TaskSpec>,
): TaskSpec {
  const { interceptors } = environment;
  if (options === undefined && more === undefined && interceptors.length === 0) return DEFAULT_SPEC;
  const { name = '', retries: tries = 0, backoff, timeout, context } = options ?? {};
  return {
    name,
    headers: more?.headers ?? capture(interceptors),
    retries: tries,
    backoff: backoffOver(DEFAULT_BACKOFF, backoff),
    timeout,
    within: context === 'inherit' ? AsyncLocalStorage.snapshot() : undefined,
    id: undefined,
    ...more,
  };
}
