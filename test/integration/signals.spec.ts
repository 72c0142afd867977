import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import type { AppInput } from '../fixtures/app.js';
import { Child } from './support/child.js';

const BOTH = ['SIGTERM', 'SIGINT'] as const;

/** Up, with both its workers running. */
async function running(input: AppInput): Promise<Child> {
  const child = Child.start('app', input);
  await child.prints('>> UP');
  expect(child.times('RUNS job')).toBe(1);
  return child;
}

const untilSecond = (): Promise<unknown> => delay(1_000);

describe('one signal', () => {
  it.each([
    { kind: 'http', tick: false },
    { kind: 'context', tick: false },
    { kind: 'context', tick: true },
  ] as const)('SIGTERM drains, then closes the database, then ends the process: $kind, tick: $tick', async (about) => {
    const child = await running({ ...about, hooks: BOTH });
    child.signal('SIGTERM');
    await child.prints('job is stopping');
    child.type('release');
    const { code, signal } = await child.exits();
    expect({ code, signal }).toEqual({ code: null, signal: 'SIGTERM' });
    expect(child.at('DRAINED')).toBeLessThan(child.at('OTHER DRAINED'));
    expect(child.at('OTHER DRAINED')).toBeLessThan(child.at('DATABASE CLOSED'));
    expect(child.output).toMatch(/all workers stopped in \d+\.\d s: job, other/);
    expect(child.output).not.toMatch(/ERROR|WARN/);
  });

  it('ends with 0 where the app has useProcessExit', async () => {
    const child = await running({ hooks: BOTH, useProcessExit: true });
    child.signal('SIGTERM');
    await child.prints('ASKED');
    child.type('release');
    expect(await child.exits()).toMatchObject({ code: 0, signal: null });
  });

  it('a body that ignores it is named and left behind after its stopTimeout', async () => {
    const child = await running({ hooks: BOTH, job: { stopTimeout: 500 } });
    child.signal('SIGTERM');
    await child.prints('ASKED');
    const { signal, ms } = await child.exits();
    expect(signal).toBe('SIGTERM');
    expect(ms).toBeLessThan(1_500);
    expect(child.output).toMatch(/stopped after \d\.\d s; abandoned, still running: job/);
    expect(child.at('abandoned, still running')).toBeLessThan(child.at('DATABASE CLOSED'));
    expect(child.times('OTHER DRAINED')).toBe(1);
  });

  it('SIGKILL is at once, and the next process starts as if nothing had been', async () => {
    const child = await running({ hooks: BOTH });
    child.signal('SIGKILL');
    expect(await child.exits()).toMatchObject({ code: null, signal: 'SIGKILL' });
    expect(child.times('ASKED')).toBe(0);
    await running({ hooks: BOTH });
  });
});

describe('a second signal', () => {
  it.each(['http', 'context'] as const)('within milliseconds is the first, delivered twice (%s)', async (kind) => {
    const child = await running({ kind, hooks: BOTH, listen: true });
    child.signal('SIGINT');
    await child.prints('HEARD SIGINT');
    child.signal('SIGINT');
    await child.printsTimes('HEARD SIGINT', 2);
    expect(child.times('ASKED')).toBe(1);
    child.type('release');
    await child.prints('DATABASE CLOSED');
    expect(child.at('DRAINED')).toBeLessThan(child.at('DATABASE CLOSED'));
    expect(child.times('job is stopping')).toBe(1);
    expect(child.output).not.toContain('abandoned');
    // Its own listener swallows the signal that Nest raises at its end.
    await child.end();
  });

  it.each([
    { kind: 'http', second: 'SIGINT' },
    { kind: 'context', second: 'SIGINT' },
    { kind: 'context', second: 'SIGTERM' },
  ] as const)('$second a second later abandons at once ($kind)', async ({ kind, second }) => {
    const child = await running({ kind, hooks: BOTH });
    child.signal('SIGINT');
    await child.prints('ASKED');
    await untilSecond();
    child.signal(second);
    const { code, signal, ms } = await child.exits();
    expect({ code, signal }).toEqual({ code: null, signal: 'SIGINT' });
    expect(ms).toBeLessThan(1_000);
    expect(child.output).toContain('abandoned, still running: job');
    expect(child.times('DRAINED')).toBe(child.times('OTHER DRAINED'));
    expect(child.times('DATABASE CLOSED')).toBe(1);
  });
});

describe('our listener', () => {
  it('is the only one in a close() without shutdown hooks: the signal abandons, and is raised again', async () => {
    const child = await running({});
    child.type('close');
    await child.prints('ASKED');
    child.type('listeners');
    await child.prints('LISTENERS 1 1');
    await untilSecond();
    child.signal('SIGTERM');
    const { code, signal, ms } = await child.exits();
    expect({ code, signal }).toEqual({ code: null, signal: 'SIGTERM' });
    expect(ms).toBeLessThan(1_000);
    expect(child.times('>> DRAINED')).toBe(0);
  });

  it('is the only one, and the signal comes within milliseconds: it is raised again after the drain', async () => {
    const child = await running({ keepAlive: true });
    child.type('close');
    await child.prints('ASKED');
    child.signal('SIGINT');
    // By its answer it has taken the signal, too.
    child.type('listeners');
    await child.prints('LISTENERS 1 1');
    child.type('release');
    expect(await child.exits()).toMatchObject({ code: null, signal: 'SIGINT' });
    expect(child.times('>> DRAINED')).toBe(1);
  });

  it('is gone after the drain', async () => {
    const child = await running({ keepAlive: true });
    child.type('listeners');
    await child.prints('LISTENERS 0 0');
    child.type('close');
    await child.prints('ASKED');
    child.type('release');
    await child.prints('>> CLOSED');
    child.type('listeners');
    await child.printsTimes('LISTENERS 0 0', 2);
    child.signal('SIGTERM');
    expect(await child.exits()).toMatchObject({ code: null, signal: 'SIGTERM' });
  });
});

const MISSING = 'nothing listens for SIGTERM';
const line = (child: Child): string | undefined => child.output.split('\n').find((one) => one.includes(MISSING));

describe('without enableShutdownHooks()', () => {
  it('is told of once, five seconds after boot; an error in production; not where hooks came late', async () => {
    const tellAfter = 6_500;
    const missing = Child.start('app', { tellAfter });
    const http = Child.start('app', { tellAfter, kind: 'http' });
    const production = Child.start('app', { tellAfter }, { NODE_ENV: 'production' });
    const early = Child.start('app', { tellAfter, hooks: ['SIGTERM'] });
    const late = Child.start('app', { tellAfter, hooks: 'late' });
    const off = Child.start('app', { tellAfter, keepAlive: true }, { BACKGROUND_WORKERS: 'off' });
    const tasks = Child.start('app', { tellAfter, keepAlive: true, submits: true }, { BACKGROUND_WORKERS: 'off' });
    const closed = Child.start('app', { tellAfter, keepAlive: true });
    const all = [missing, http, production, tasks, early, late, off, closed];
    await Promise.all(all.map((child) => child.prints('>> UP')));
    late.type('hooks');
    closed.type('close');
    await closed.prints('ASKED');
    closed.type('release');
    await Promise.all(all.map((child) => child.prints('STILL UP')));

    expect(all.map((child) => child.times(MISSING))).toEqual([1, 1, 1, 1, 0, 0, 0, 0]);
    expect(line(missing)).toMatch(/WARN.*app\.enableShutdownHooks\(\)/);
    expect(line(http)).toContain('WARN');
    expect(line(production)).toMatch(/ERROR.*app\.enableShutdownHooks\(\)/);
  });
});
