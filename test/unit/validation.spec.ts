import { describe, expect, it } from 'vitest';
import { defineWorker, workerNameOf } from '../../lib/definition/definition.js';
import { validateModuleOptions } from '../../lib/definition/module-options.js';
import { checkRun, checkSubmission } from '../../lib/definition/submission.js';
import type { HandlerOptions } from '../../lib/definition/task-options.js';
import { DEFAULT_BACKOFF, type BackoffOptions } from '../../lib/shared/backoff.js';
import type { BackgroundWorkerError } from '../../lib/shared/errors.js';
import { Handlers, type FoundHandler } from '../../lib/tasks/wire/handlers.js';
import {
  NOT_MS_1,
  SUBJECT,
  backoff,
  common,
  everyCase,
  everyOption,
  forLoops,
  forTicks,
  inEvery,
  ms1,
  name,
  refused,
  thrown,
  worker,
  type Define,
  define,
} from './options.js';

const tickWith: Define = (option, value) => worker({ every: 1_000, [option]: value });
const handlerWith = (options: HandlerOptions): FoundHandler => ({
  subject: 'Mailer',
  method: 'send',
  options,
  target: {},
  classes: [],
  module: 'M',
});
const override: Define = (option, value) => worker({}, {}, { [option]: value });

describe('of a loop', () => {
  everyOption({ ...common, ...forLoops, name }, '', SUBJECT, (option, value) => worker({ [option]: value }));
  everyOption(backoff, 'backoff.', SUBJECT, (option, value) => worker({ backoff: { [option]: value } }));
});

describe('of a tick', () => {
  everyOption({ ...common, ...forTicks, name }, '', SUBJECT, tickWith);
  everyOption({ every: everyCase }, '', SUBJECT, tickWith);
  for (const kind of ['rate', 'delay'])
    everyOption(inEvery, 'every.', SUBJECT, (option, value) => worker({ every: { [kind]: 5, [option]: value } }));

  it.each(NOT_MS_1.map((value) => [value]))('refuses rate and delay of %o', (value) => {
    refused(() => worker({ every: { rate: value } }), SUBJECT, 'every.rate', value, ms1.allowed);
    refused(() => worker({ every: { delay: value } }), SUBJECT, 'every.delay', value, ms1.allowed);
  });

  it('refuses neither and both of rate and delay', () => {
    refused(() => worker({ every: {} }), SUBJECT, 'every.rate', undefined, ms1.allowed);
    refused(() => worker({ every: { rate: undefined } }), SUBJECT, 'every.rate', undefined, ms1.allowed);
    refused(() => worker({ every: { rate: 5, delay: 6 } }), SUBJECT, 'every.rate', 5, /no such option/);
  });
});

describe('per name, over the decorator', () => {
  everyOption({ ...common, ...forLoops }, '', SUBJECT, override);
  everyOption(backoff, 'backoff.', SUBJECT, (option, value) => override('backoff', { [option]: value }));
  everyOption({ every: everyCase, ...forTicks }, '', SUBJECT, (option, value) =>
    worker({ every: 1_000 }, {}, { [option]: value }),
  );

  it('cannot make a loop a tick', () => {
    refused(() => worker({}, {}, { every: 5 }), SUBJECT, 'every', 5, /nothing: the class is a loop/);
  });

  it('cannot give another name', () => {
    refused(() => worker({}, {}, { name: 'other' }), SUBJECT, 'name', 'other', /./);
  });
});

describe('an option that there is not', () => {
  it.each<[string, string, () => unknown]>([
    ['evry', SUBJECT, () => worker({ evry: 5 })],
    ['timeout', SUBJECT, () => worker({ timeout: 5 })],
    ['restart', SUBJECT, () => worker({ every: 5, restart: 'never' })],
    ['readyTimeout', SUBJECT, () => worker({ every: 5, readyTimeout: 5 })],
    ['toString', SUBJECT, () => worker({ toString: 5 })],
    ['backoff.min', SUBJECT, () => worker({ backoff: { min: 5 } })],
    ['every.period', SUBJECT, () => worker({ every: { rate: 5, period: 5 } })],
    ['timeout', SUBJECT, () => worker({}, {}, { timeout: 5 })],
    ['enable', 'BackgroundWorkerModule', () => validateModuleOptions({ enable: 5 })],
    ['guard.on', 'BackgroundWorkerModule', () => validateModuleOptions({ guard: { on: 5 } })],
    ['defaults.phase', 'BackgroundWorkerModule', () => validateModuleOptions({ defaults: { phase: 5 } })],
  ])('%s of %s is refused, with those that there are', (option, subject, define) => {
    refused(define, subject, option, option === 'restart' ? 'never' : 5, /no such option; there are \w+, \w+/);
  });
});

describe('a backoff whose values do not go together', () => {
  const first = 'backoff.initial';
  const longest = 'backoff.max';
  const handler = (given: Partial<BackoffOptions>) => new Handlers([handlerWith({ backoff: given })]);
  const submission = (given: Partial<BackoffOptions>) => checkSubmission('submit', () => undefined, { backoff: given });

  it.each<[string, string, number, RegExp, () => unknown]>([
    [
      'one layer',
      longest,
      10,
      /backoff.initial \(5000\) or more/,
      () => worker({ backoff: { initial: 5_000, max: 10 } }),
    ],
    ['the default', longest, 500, /initial \(1000, by default\) or more/, () => worker({ backoff: { max: 500 } })],
    ['the default', first, 90_000, /max \(60000, by default\) or less/, () => worker({ backoff: { initial: 90_000 } })],
    [
      'the defaults of the module',
      first,
      10,
      /max \(5, by the module's option defaults\) or less/,
      () => worker({ backoff: { initial: 10 } }, { backoff: { initial: 1, max: 5 } }),
    ],
    [
      'the decorator',
      longest,
      10,
      /initial \(5000, by the decorator\) or more/,
      () => worker({ backoff: { initial: 5_000 } }, {}, { backoff: { max: 10 } }),
    ],
    ['the default of submit()', longest, 500, /initial \(1000, by default\)/, () => submission({ max: 500 })],
    ['the default of a handler', longest, 500, /initial \(5000, by default\)/, () => handler({ max: 500 })],
    [
      'the handler',
      longest,
      9,
      /initial \(10, by the handler\)/,
      () => checkRun({ backoff: { max: 9 } }, { ...DEFAULT_BACKOFF, initial: 10 }),
    ],
  ])('meets %s: %s of %d is refused', (_met, option, value, allowed, define) => {
    const error = thrown(define) as BackgroundWorkerError;
    expect(error).toMatchObject({ code: 'BGW_INVALID_OPTION' });
    expect(error.message).toContain(`option "${option}" is ${value}; `);
    expect(error.message).toMatch(allowed);
  });

  it('is let pass where a later layer mends it', () => {
    const mended = define({ backoff: { max: 10 } }, {}, { backoff: { initial: 5 } });
    expect(mended.backoff).toMatchObject({ initial: 5, max: 10, factor: 2 });
  });
});

describe('an option whose feature comes later', () => {
  it.each([
    ['cron', '* * * * *'],
    ['cron', { expression: '* * * * *' }],
    ['thread', './x.js'],
    ['singleton', 'host'],
    ['shards', 4],
    ['shards', 'nonsense'],
  ])('%s: %o of a worker is refused, never ignored', (option, value) => {
    for (const define of [() => worker({ [option]: value }), () => worker({}, {}, { [option]: value })])
      expect(thrown(define)).toMatchObject({
        code: 'BGW_UNSUPPORTED_OPTION',
        message: expect.stringContaining(`${SUBJECT}: option "${option}"`) as string,
      });
  });

  it.each(['leases'])('%s of the module is refused', (option) => {
    expect(thrown(() => validateModuleOptions({ [option]: {} }))).toMatchObject({
      code: 'BGW_UNSUPPORTED_OPTION',
      message: expect.stringContaining(`BackgroundWorkerModule: option "${option}"`) as string,
    });
  });
});

describe('what is not said', () => {
  it('is the default', () => {
    expect(defineWorker(SUBJECT, {})).toEqual({
      name: 'probe',
      subject: SUBJECT,
      kind: { type: 'loop', restart: 'on-failure', readyTimeout: undefined },
      autoStart: true,
      critical: false,
      phase: 0,
      backoff: { initial: 1_000, factor: 2, max: 60_000, jitter: 0.5, resetAfter: 60_000 },
      maxFailures: Infinity,
      stopTimeout: 15_000,
      cancelGrace: 3_000,
      heartbeatTimeout: undefined,
      shutdownTimeout: 25_000,
    });
    expect(defineWorker(SUBJECT, { critical: true }).maxFailures).toBe(10);
  });

  it('comes from the decorator, the override before it, the defaults after it', () => {
    const defaults = { stopTimeout: 1, cancelGrace: 1, maxFailures: 1, backoff: { initial: 1, max: 1, factor: 1 } };
    const own = { stopTimeout: 2, cancelGrace: 2, backoff: { initial: 2, max: 2 } };
    const overrides = { stopTimeout: 3, cancelGrace: undefined, backoff: { max: 3 } };
    expect(define(own, defaults, overrides)).toMatchObject({
      stopTimeout: 3,
      cancelGrace: 2,
      maxFailures: 1,
      backoff: { initial: 2, max: 3, factor: 1, jitter: 0.5 },
    });
  });

  it.each([
    ['ProbeWorker', 'probe'],
    ['HTTPProbeWorker', 'http-probe'],
    ['Worker', 'worker'],
    ['MyWorkerPool', 'my-worker-pool'],
    ['Sync2Disk', 'sync2-disk'],
  ])('of %s the name is %s', (subject, name) => expect(workerNameOf(subject)).toBe(name));

  it('a class whose name gives no name is told to have one', () => {
    refused(() => defineWorker('', {}), '', 'name', '', name.allowed);
  });
});
