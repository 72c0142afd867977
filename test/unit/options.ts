import { describe, expect, it } from 'vitest';
import { defineWorker, workerNameOf, type WorkerDefinition } from '../../lib/definition/definition.js';
import type { WorkerDefaults, WorkerOptions, WorkerOverrides } from '../../lib/definition/options.js';
import { BackgroundWorkerError } from '../../lib/shared/errors.js';

export const SUBJECT = 'ProbeWorker';
export const NOT_NUMBERS: readonly unknown[] = ['1', null, Number.NaN, true, {}, []];
const NOT_MS = [...NOT_NUMBERS, -1, Infinity];
export const NOT_MS_1 = [...NOT_MS, 0, 0.5];
const NOT_FLAGS: readonly unknown[] = ['true', 0, 1, null, {}];
export const NOT_RECORDS: readonly unknown[] = [1, 'x', null, [], true, () => 1];

export interface Case {
  readonly bad: readonly unknown[];
  readonly good: readonly unknown[];
  /** What the message says is allowed. */
  readonly allowed: RegExp;
}
export const of = (allowed: RegExp, good: readonly unknown[], bad: readonly unknown[]): Case => ({
  allowed,
  good,
  bad,
});
export const ms = of(/finite number of milliseconds, 0 or more/, [0, 0.5, 1, 1e9], NOT_MS);
export const ms1 = of(/finite number of milliseconds, 1 or more/, [1, 1.5, 1e9], NOT_MS_1);
const flag = of(/true or false/, [true, false], NOT_FLAGS);
const count = of(/whole number, 1 or more, or Infinity/, [1, 7, Infinity], [...NOT_NUMBERS, 0, -1, 1.5, -Infinity]);

export const backoff: Record<string, Case> = {
  initial: of(ms.allowed, [0, 0.5, 1, 60_000], NOT_MS),
  factor: of(/a number from 1 to 1000/, [1, 1.5, 1_000], [...NOT_NUMBERS, 0, 0.9, -1, 1_001, Infinity]),
  max: of(ms.allowed, [1_000, 1e9], NOT_MS),
  jitter: of(/a number from 0 to 1/, [0, 0.5, 1], [...NOT_NUMBERS, -0.1, 1.1]),
  resetAfter: ms,
};
export const shared: Record<string, Case> = {
  backoff: of(/an object/, [{}, { initial: 5 }], NOT_RECORDS),
  maxFailures: count,
  stopTimeout: ms,
  cancelGrace: ms,
  heartbeatTimeout: ms1,
};
export const name = of(
  /a non-empty string without white space/,
  ['probe', 'a-b', 'Ä', 'x.y'],
  ['', ' ', 'a b', 'a,b', 'a#1', '-a', 'on', 'off', 'tasks', 'a\n', 1, null, {}],
);
export const common: Record<string, Case> = {
  ...shared,
  autoStart: flag,
  critical: flag,
  phase: of(/a finite number/, [0, -1, 2.5], [...NOT_NUMBERS, Infinity]),
};
export const forLoops: Record<string, Case> = {
  restart: of(/'on-failure', 'always', 'never'/, ['on-failure', 'always', 'never'], ['', 'ALWAYS', true, null, 1]),
  readyTimeout: ms1,
};
export const forTicks: Record<string, Case> = { timeout: ms1 };
export const everyCase = of(
  /a finite number of milliseconds, 1 or more, \{ rate/,
  [1, 60_000, { rate: 5 }, { delay: 5 }, { rate: 5, initialDelay: 0, jitter: 0 }],
  [0, -1, 0.5, Infinity, Number.NaN, '1s', null, [], true],
);
export const inEvery: Record<string, Case> = { initialDelay: ms, jitter: ms };

export function thrown(fn: () => unknown): unknown {
  try {
    fn();
  } catch (error) {
    return error;
  }
  return undefined;
}

/** One error that names the class, the option, the value and what is allowed. */
export function refused(fn: () => unknown, subject: string, option: string, value: unknown, allowed: RegExp): void {
  const error = thrown(fn);
  expect(error, `${option}: ${JSON.stringify(value)} was let pass`).toBeInstanceOf(BackgroundWorkerError);
  const { code, message } = error as BackgroundWorkerError;
  expect(code).toBe('BGW_INVALID_OPTION');
  expect(message.startsWith(`${subject}: option "${option}" is `)).toBe(true);
  expect(message).toMatch(allowed);
  const said = /^\w*: option "[^"]+" is (.*); allowed: /s.exec(message)?.[1] ?? '';
  const shown = typeof value === 'string' ? JSON.stringify(value).slice(1, -1) : String(value);
  if (typeof value !== 'object' && typeof value !== 'function') expect(said).toContain(shown);
  expect(said).not.toBe('');
}

export type Define = (option: string, value: unknown) => unknown;
export function everyOption(cases: Record<string, Case>, path: string, subject: string, define: Define): void {
  describe.each(Object.entries(cases))(`${path}%s`, (option, { bad, good, allowed }) => {
    it.each(bad.map((value) => [value]))('refuses %o', (value) =>
      refused(() => define(option, value), subject, path + option, value, allowed),
    );
    it.each(good.map((value) => [value]))('accepts %o', (value) => expect(() => define(option, value)).not.toThrow());
    it('takes undefined for the default', () => expect(() => define(option, undefined)).not.toThrow());
  });
}

/** Defines a worker under these defaults and overrides. */
export const define = (own: WorkerOptions, defaults: WorkerDefaults = {}, over?: unknown): WorkerDefinition =>
  defineWorker(SUBJECT, own, {
    shutdownTimeout: 25_000,
    defaults,
    overrides: { [(own as WorkerOptions | null)?.name ?? workerNameOf(SUBJECT)]: over as WorkerOverrides },
  });

export const worker = (options: unknown, defaults?: WorkerDefaults, overrides?: unknown): unknown =>
  define(options as WorkerOptions, defaults, overrides);
