import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import type { AppInput } from '../fixtures/app.js';
import { Child } from './support/child.js';

const critical = { critical: true, maxFailures: 1 } as const;

/** Up, and told to fail for good. */
async function failing(input: AppInput, how: 'fail' | 'escalate' = 'fail'): Promise<Child> {
  const child = Child.start('app', input);
  await child.prints('>> UP');
  child.type(how);
  return child;
}

const killed = { code: null, signal: 'SIGTERM' };
const exited = { code: 1, signal: null };

describe('a critical worker that failed for good', () => {
  it.each<[string, AppInput, object]>([
    ['with shutdown hooks', { hooks: ['SIGTERM', 'SIGINT'] }, killed],
    ['with shutdown hooks, HTTP', { kind: 'http', hooks: ['SIGTERM'] }, killed],
    ['with a hook for SIGINT only', { hooks: ['SIGINT'] }, { code: null, signal: 'SIGINT' }],
    ['with useProcessExit', { hooks: ['SIGTERM'], useProcessExit: true }, exited],
    ['with useProcessExit, HTTP', { kind: 'http', hooks: ['SIGTERM'], useProcessExit: true }, exited],
  ])('shuts the app down with a non-zero exit: %s', async (_how, input, expected) => {
    const child = await failing({ ...input, job: critical });
    const { code, signal } = await child.exits();
    expect({ code, signal }).toEqual(expected);
    expect(child.output).toContain('no disk');
    expect(child.at('OTHER DRAINED')).toBeLessThan(child.at('DATABASE CLOSED'));
  });

  it.each(['http', 'context'] as const)('without shutdown hooks drains our own and exits with 1 (%s)', async (kind) => {
    const child = await failing({ kind, keepAlive: true, job: critical });
    expect(await child.exits()).toMatchObject(exited);
    expect(child.times('OTHER DRAINED')).toBe(1);
  });

  it('Escalate does the same to any worker', async () => {
    const child = await failing({ hooks: ['SIGTERM'], useProcessExit: true }, 'escalate');
    expect(await child.exits()).toMatchObject(exited);
    expect(child.times('OTHER DRAINED')).toBe(1);
  });

  it('a worker that is not critical fails alone', async () => {
    const child = await failing({ job: { maxFailures: 1 }, hooks: ['SIGTERM'], tellAfter: 500 });
    await child.prints('job failed for good');
    await child.prints('STILL UP');
    expect(child.times('OTHER DRAINED')).toBe(0);
  });

  it('a hook of others that hangs is ended by the watchdog, shutdownTimeout and five seconds later', async () => {
    const child = await failing({
      hooks: ['SIGTERM'],
      job: critical,
      shutdownTimeout: 300,
      keepAlive: true,
      hangingHook: true,
    });
    await child.prints('DATABASE CLOSED');
    const exit = await child.exits();
    expect(exit).toMatchObject(exited);
    expect(exit.ms).toBeGreaterThan(4_000);
    expect(exit.ms).toBeLessThan(7_500);
  });

  it('that fails while others of a later phase drain cuts nobody short', async () => {
    // `other` drains only after `job`; here `job` is asked first and takes more than the half second of a double delivery.
    const child = Child.start('app', { hooks: ['SIGTERM'], useProcessExit: true, criticalOther: true });
    await child.prints('>> UP');
    child.signal('SIGTERM');
    await child.prints('ASKED');
    await delay(700);
    child.type('fail other');
    await child.prints('other failed: no network');
    // Two round trips: a signal that it has raised has come by then.
    for (const times of [1, 2]) {
      child.type('listeners');
      await child.printsTimes('LISTENERS', times);
    }
    child.type('release');
    expect(await child.exits()).toMatchObject(exited);
    expect(child.output).not.toContain('abandoned');
    expect(child.at('>> DRAINED')).toBeLessThan(child.at('DATABASE CLOSED'));
  });
});

describe('onFatal', () => {
  it('takes the place of the shutdown', async () => {
    const child = await failing({ job: critical, onFatal: 'tell', hooks: ['SIGTERM'], tellAfter: 500 });
    await child.prints('FATAL job no disk');
    await child.prints('STILL UP');
    expect(child.times('OTHER DRAINED')).toBe(0);
    child.signal('SIGTERM');
    expect(await child.exits()).toMatchObject(killed);
    expect(child.times('FATAL')).toBe(1);
  });

  it.each(['throw', 'reject'] as const)(
    'that fails (%s) is logged, and neither an uncaughtException nor the end',
    async (onFatal) => {
      const child = await failing({ job: critical, onFatal, hooks: ['SIGTERM'], tellAfter: 500 });
      await child.prints('onFatal is broken, too');
      await child.prints('STILL UP');
      child.signal('SIGTERM');
      expect(await child.exits()).toMatchObject(killed);
    },
  );
});
