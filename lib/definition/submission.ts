import type { RunOptions } from '../contract/task-handlers.js';
import type { SubmitOptions } from '../contract/tasks.js';
import { DEFAULT_BACKOFF, type BackoffOptions } from '../shared/backoff.js';
import { checkBackoff, filledBackoff } from './backoff.js';
import { checkAll, finite, invalid, milliseconds, oneOf, record, rule, type Rules } from './check.js';
import { retries, taskConcurrency } from './task-options.js';

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

type Call = keyof typeof rules;
const subjectOf = (call: Call): string => `BackgroundTasks.${call}()`;

function checkOptions(call: Call, options: object): void {
  checkAll(subjectOf(call), options, rules[call]);
  checkBackoff(subjectOf(call), (options as SubmitOptions).backoff);
}

/** @throws BackgroundWorkerError `BGW_INVALID_OPTION` */
export function checkSubmission(call: Exclude<Call, 'run'>, fn: unknown, options: SubmitOptions | undefined): void {
  if (typeof fn !== 'function') throw invalid(subjectOf(call), 'fn', fn, 'a function');
  if (options === undefined) return;
  checkOptions(call, options);
  submittedBackoff(call, options.backoff);
}

/** @throws BackgroundWorkerError `BGW_INVALID_OPTION` */
export function submittedBackoff(call: Call, given: SubmitOptions['backoff']): BackoffOptions {
  return given === undefined
    ? DEFAULT_BACKOFF
    : filledBackoff(subjectOf(call), ['default', DEFAULT_BACKOFF], ['the call', given]);
}

/**
 * @param handlers what is given goes over the handler's own
 * @throws BackgroundWorkerError `BGW_INVALID_OPTION`
 */
export function checkRun(options: RunOptions, handlers: BackoffOptions): BackoffOptions {
  checkOptions('run', options);
  return filledBackoff(subjectOf('run'), ['the handler', handlers], ['the call', options.backoff]);
}

const dispatch: Rules = {
  id: text,
  delay: milliseconds(0),
  priority: finite,
  transaction: rule('an object', (value) => typeof value === 'object'),
};

/** @throws BackgroundWorkerError `BGW_INVALID_OPTION` */
export const checkDispatch = (options: unknown): void => checkAll('BackgroundTasks.dispatch()', options, dispatch);
