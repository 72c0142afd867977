import { BackgroundWorkerError } from '../shared/errors.js';
import { checkBackoff } from './backoff.js';
import {
  checkAll,
  count,
  finite,
  flag,
  invalid,
  isRecord,
  milliseconds,
  oneOf,
  record,
  rule,
  workerName,
  type Rules,
} from './check.js';

const every = rule(
  'a finite number of milliseconds, 1 or more, { rate, initialDelay?, jitter? } or { delay, initialDelay?, jitter? }',
  (value) => isRecord(value) || milliseconds(1).ok(value),
);
const rate: Rules = { rate: milliseconds(1), initialDelay: milliseconds(0), jitter: milliseconds(0) };
const delay: Rules = { delay: milliseconds(1), initialDelay: milliseconds(0), jitter: milliseconds(0) };
const later = rule('not available yet', () => true);

const defaults: Rules = {
  backoff: record,
  maxFailures: count,
  stopTimeout: milliseconds(0),
  cancelGrace: milliseconds(0),
  heartbeatTimeout: milliseconds(1),
};
const common: Rules = {
  name: workerName,
  autoStart: flag,
  critical: flag,
  phase: finite,
  ...defaults,
  singleton: later,
  thread: later,
};
const loop: Rules = {
  ...common,
  restart: oneOf('on-failure', 'always', 'never'),
  readyTimeout: milliseconds(1),
  shards: later,
};
const either: Rules = { ...loop, every };
const tick: Rules = { ...common, every, cron: later, timeout: milliseconds(1) };

const NOT_YET = ['cron', 'thread', 'singleton', 'shards'] as const;

export const unsupported = (subject: string, option: string): BackgroundWorkerError =>
  new BackgroundWorkerError(
    'BGW_UNSUPPORTED_OPTION',
    `${subject}: option "${option}" is not available in this version`,
  );

function checkEvery(subject: string, value: unknown): void {
  if (!isRecord(value)) return;
  const rules = 'delay' in value ? delay : rate;
  checkAll(subject, value, rules, 'every.');
  const [needed = ''] = Object.keys(rules);
  if (value[needed] === undefined)
    throw invalid(subject, `every.${needed}`, undefined, 'a finite number of milliseconds, 1 or more');
}

/** @throws BackgroundWorkerError `BGW_INVALID_OPTION`, `BGW_UNSUPPORTED_OPTION` */
export function validateWorkerOptions(subject: string, options: unknown): void {
  if (!isRecord(options)) throw invalid(subject, 'options', options, 'an object');
  for (const option of NOT_YET) if (options[option] !== undefined) throw unsupported(subject, option);
  checkAll(subject, options, options['every'] === undefined ? either : tick);
  checkBackoff(subject, options['backoff']);
  checkEvery(subject, options['every']);
}

/** @throws BackgroundWorkerError `BGW_INVALID_OPTION` */
export function validateDefaults(subject: string, options: unknown): void {
  checkAll(subject, options, defaults, 'defaults.');
  checkBackoff(subject, (options as { backoff?: unknown }).backoff);
}
