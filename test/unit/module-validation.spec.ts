import { describe, it } from 'vitest';
import { validateModuleOptions } from '../../lib/definition/module-options.js';
import {
  NOT_RECORDS,
  SUBJECT,
  backoff,
  everyOption,
  ms,
  of,
  refused,
  shared,
  worker,
  type Case,
  type Define,
} from './options.js';

const SUBJECT_OF_MODULE = 'BackgroundWorkerModule';
const around = (): Promise<unknown> => Promise.resolve();
const module: Define = (option, value) => validateModuleOptions({ [option]: value });

describe('of the module', () => {
  const cases: Record<string, Case> = {
    enabled: of(/true, false or a list of worker names/, [true, false, [], ['a']], ['a', 1, null, [1], [''], {}]),
    shutdownTimeout: ms,
    defaults: of(/an object/, [{}, { stopTimeout: 5 }], NOT_RECORDS),
    workers: of(/an object of options by worker name/, [{}, { a: {} }], [...NOT_RECORDS, { a: 1 }, { a: null }]),
    units: of(
      /a list of interceptors with around\(\), or their injection tokens/,
      [[], [{ around }], ['token'], [Symbol('t')], [class Interceptor {}]],
      [null, {}, 'x', [1], [{}], [{ around: 1 }], [null]],
    ),
    guard: of(
      /'auto', 'on', 'off' or \{ mode\?, key\?, handoverTimeout\? \}/,
      ['auto', 'on', 'off', {}, { mode: 'on', key: 'e2e', handoverTimeout: 0 }],
      ['', 'yes', true, false, 1, null, []],
    ),
    onError: of(/a function/, [() => undefined], [1, null, {}, 'f']),
    onFatal: of(/a function/, [async () => undefined], [1, null, {}, 'f']),
  };
  everyOption(cases, '', SUBJECT_OF_MODULE, module);
  const inGuard: Record<string, Case> = {
    mode: of(/'auto', 'on', 'off'/, ['auto', 'on', 'off'], ['', 'ON', true, null]),
    key: of(/a non-empty string/, ['a', 'a b'], ['', 1, null, {}]),
    handoverTimeout: ms,
  };
  everyOption(inGuard, 'guard.', SUBJECT_OF_MODULE, (option, value) => module('guard', { [option]: value }));
  everyOption(shared, 'defaults.', SUBJECT_OF_MODULE, (option, value) => module('defaults', { [option]: value }));
  everyOption(backoff, 'backoff.', SUBJECT_OF_MODULE, (option, value) =>
    module('defaults', { backoff: { [option]: value } }),
  );

  it.each(NOT_RECORDS.map((value) => [value]))('refuses %o for all its options', (value) => {
    refused(() => validateModuleOptions(value), SUBJECT_OF_MODULE, 'options', value, /an object/);
    refused(() => worker(value), SUBJECT, 'options', value, /an object/);
  });
});
