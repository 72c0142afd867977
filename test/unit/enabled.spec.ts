import { describe, expect, it } from 'vitest';
import { checkNames, isWithoutWorkers, selectionOf, testRunnerOf, withoutWorkers } from '../../lib/host/enabled.js';

type Env = Record<string, string>;
const NAMES = ['a', 'b', 'c'];
/** The workers that run, and who said so. */
function who(enabled: boolean | readonly string[] | undefined, env: Env = {}): [string, string] {
  const selection = selectionOf(enabled, env);
  return [NAMES.filter((name) => selection.includes(name)).join(''), selection.because];
}

describe('enabled', () => {
  it.each<[boolean | readonly string[] | undefined, string, string]>([
    [undefined, 'abc', 'the default'],
    [true, 'abc', 'enabled: true'],
    [false, '', 'enabled: false'],
    [[], '', 'enabled: []'],
    [['a'], 'a', 'enabled'],
    [['a', 'c', 'tasks'], 'ac', 'enabled'],
    [['tasks'], '', 'enabled'],
    [['-b'], 'ac', 'enabled'],
    [['a', 'b', '-b'], 'a', 'enabled'],
  ])('%o runs "%s"', (enabled, runs, because) => {
    expect(who(enabled)).toEqual([runs, because]);
  });

  const runners: Env[] = [
    { VITEST: 'true' },
    { JEST_WORKER_ID: '1' },
    { NODE_TEST_CONTEXT: 'child' },
    { NODE_ENV: 'test' },
  ];

  it.each(runners)('under a test runner (%o) nothing runs unless it is said', (env) => {
    const variable = Object.keys(env)[0] === 'NODE_ENV' ? 'NODE_ENV=test' : (Object.keys(env)[0] ?? '');
    expect(testRunnerOf(env)).toBe(variable);
    expect(who(undefined, env)).toEqual(['', `the test runner (${variable})`]);
    expect([who(true, env)[0], who(['b'], env)[0], who(undefined, { ...env, BACKGROUND_WORKERS: 'on' })[0]]).toEqual([
      'abc',
      'b',
      'abc',
    ]);
  });

  it.each<Env>([{}, { NODE_ENV: 'production' }, { NODE_ENV: 'development' }])('%o is no test runner', (env) => {
    expect(testRunnerOf(env)).toBeUndefined();
  });
});

describe('BACKGROUND_WORKERS', () => {
  it.each([
    ['on', 'abc'],
    ['off', ''],
    [' off ', ''],
    ['a', 'a'],
    ['a,b', 'ab'],
    [' a , b ,', 'ab'],
    ['-c', 'ab'],
    ['-a,-b', 'c'],
    ['a,b,-b', 'a'],
    ['tasks', ''],
    ['-tasks', 'abc'],
  ])('=%s overrides the option and runs "%s"', (value, runs) => {
    const because = `BACKGROUND_WORKERS=${value.trim()}`;
    for (const enabled of [undefined, true, false, ['c']])
      expect(who(enabled, { BACKGROUND_WORKERS: value })).toEqual([runs, because]);
  });

  it.each(['', '  '])('="%s" is as good as not set', (value) => {
    expect(who(['c'], { BACKGROUND_WORKERS: value })).toEqual(['c', 'enabled']);
  });

  it('=, names nobody, so nobody runs', () => {
    expect(who(true, { BACKGROUND_WORKERS: ',' })[0]).toBe('');
  });

  it('names those that it names, barred ones too', () => {
    expect(selectionOf(true, { BACKGROUND_WORKERS: 'a,-b' }).named).toEqual(['a', 'b']);
  });
});

describe('checkNames', () => {
  it('lets known names pass', () => expect(() => checkNames(['a', 'c'], NAMES, 'x')).not.toThrow());

  it.each<[readonly string[], string]>([
    [NAMES, 'a, b, c'],
    [[], 'none'],
  ])('of an unknown one says where, which, and which there are', (known, list) => {
    const message = `BACKGROUND_WORKERS=z names "z", which is no worker; there are: ${list} [BGW_UNKNOWN_WORKER]`;
    expect(() => checkNames(['z'], known, 'BACKGROUND_WORKERS=z')).toThrow(
      expect.objectContaining({ code: 'BGW_UNKNOWN_WORKER', message }),
    );
  });
});

describe('withoutWorkers', () => {
  it('holds within the boot, over its awaits, and nowhere else', async () => {
    const seen = await withoutWorkers(async () => {
      await Promise.resolve();
      return isWithoutWorkers();
    });
    expect([seen, isWithoutWorkers()]).toEqual([true, false]);
    await expect(withoutWorkers(() => Promise.reject(new Error('boot')))).rejects.toThrow('boot');
  });
});
