import { inspect } from 'node:util';
import { BackgroundWorkerError } from '../shared/errors.js';

/** What an option may be, and how to say so. */
export interface Rule {
  readonly allowed: string;
  ok(value: unknown): boolean;
}
export type Rules = Readonly<Record<string, Rule>>;

const rule = (allowed: string, ok: (value: unknown) => boolean): Rule => ({ allowed, ok });

const isNumber = (value: unknown): value is number => typeof value === 'number' && !Number.isNaN(value);
export const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

export const milliseconds = (least: number): Rule =>
  rule(
    `a finite number of milliseconds, ${least} or more`,
    (value) => isNumber(value) && value >= least && value < Infinity,
  );
export const numberFrom = (least: number, most = Infinity): Rule =>
  rule(
    most === Infinity ? `a number, ${least} or more` : `a number from ${least} to ${most}`,
    (v) => isNumber(v) && v >= least && v <= most,
  );
/** Of what waits for an end: `Infinity` waits as long as it takes. */
export const JOIN_OPTIONS: Rules = { timeout: numberFrom(0) };
export const count: Rule = rule(
  'a whole number, 1 or more, or Infinity',
  (v) => v === Infinity || (Number.isInteger(v) && Number(v) >= 1),
);
export const finite: Rule = rule('a finite number', (value) => isNumber(value) && Number.isFinite(value));
export const flag: Rule = rule('true or false', (value) => typeof value === 'boolean');
export const func: Rule = rule('a function', (value) => typeof value === 'function');
export const list: Rule = rule('a list', Array.isArray);
export const tokens: Rule = rule(
  'a list of injection tokens, one at least',
  (value) => Array.isArray(value) && value.length > 0,
);
export const record: Rule = rule('an object', isRecord);
export const oneOf = (...values: readonly string[]): Rule =>
  rule(values.map((value) => `'${value}'`).join(', '), (value) => typeof value === 'string' && values.includes(value));
export { rule };

/** The words that `BACKGROUND_WORKERS` and `enabled` give a meaning of their own. */
const RESERVED_NAMES: readonly string[] = ['on', 'off', 'tasks'];
export const workerName: Rule = rule(
  'a non-empty string without white space, "," or "#", not starting with "-", and not "on", "off" or "tasks"',
  (value) => typeof value === 'string' && /^[^-\s,#][^\s,#]*$/.test(value) && !RESERVED_NAMES.includes(value),
);

/** Without what stands for the default. */
export const present = <T extends object>(options: T): Partial<T> =>
  Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as Partial<T>;

export const show = (value: unknown): string => inspect(value, { depth: 1, breakLength: Infinity }).slice(0, 120);

export const invalid = (subject: string, option: string, value: unknown, allowed: string): BackgroundWorkerError =>
  new BackgroundWorkerError(
    'BGW_INVALID_OPTION',
    `${subject}: option "${option}" is ${show(value)}; allowed: ${allowed}`,
  );

/** Refuses unknown keys and every value that its rule refuses. `undefined` stands for the default. */
export function checkAll(subject: string, options: unknown, rules: Rules, prefix = ''): void {
  if (!isRecord(options)) throw invalid(subject, prefix.replace(/\.$/, '') || 'options', options, 'an object');
  for (const key of Object.keys(options)) {
    const value = options[key];
    const known = Object.hasOwn(rules, key) ? rules[key] : undefined;
    if (known === undefined)
      throw invalid(subject, prefix + key, value, `no such option; there are ${Object.keys(rules).join(', ')}`);
    if (value !== undefined && !known.ok(value)) throw invalid(subject, prefix + key, value, known.allowed);
  }
}
