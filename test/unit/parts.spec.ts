import { inspect } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Parts } from '../../lib/execution/parts.js';
import { Watched } from '../../lib/execution/watched-promise.js';
import { deferred } from '../../lib/shared/deferred.js';
import type { BodySignal, Outcome } from '../../lib/supervision/ports.js';
import { drain } from '../support/fake-clock.js';
import { loop, outcome, strays } from './rig.js';

const COMPLETED: Outcome = { type: 'completed' };
const ABORTED: Outcome = { type: 'aborted' };
const FAILED: Outcome = { type: 'failed', error: 1 };

let last: ReturnType<typeof strays>;
beforeEach(() => (last = strays()));
afterEach(() => last.end());

/** What is reported of a body whose first part has entered. */
function report(play: (parts: Parts) => void): readonly (BodySignal | 'abort')[] {
  const seen: (BodySignal | 'abort')[] = [];
  const parts = new Parts(
    (signal) => seen.push(signal),
    () => seen.push('abort'),
  );
  parts.enter();
  play(parts);
  return seen;
}

describe('Parts', () => {
  it('settles with its only part', () => {
    expect(report((parts) => parts.end(FAILED, false))).toEqual([{ type: 'settled', outcome: FAILED }]);
  });

  it('ends first and settles with the last, after the rest was aborted', () => {
    const seen = report((parts) => {
      parts.enter();
      parts.end(COMPLETED, false);
      parts.leave();
    });
    expect(seen).toEqual([{ type: 'ended', outcome: COMPLETED }, 'abort', { type: 'settled', outcome: ABORTED }]);
  });

  it('lets the rest drain where stop was asked', () => {
    const seen = report((parts) => {
      parts.enter();
      parts.end(COMPLETED, true);
      parts.leave();
    });
    expect(seen).toEqual([{ type: 'settled', outcome: COMPLETED }]);
  });

  it.each([true, false])('a later failure counts (asked: %s)', (asked) => {
    const seen = report((parts) => {
      parts.enter();
      parts.end(ABORTED, asked);
      parts.end(FAILED, true);
    });
    expect(seen.at(-1)).toEqual({ type: 'settled', outcome: FAILED });
  });

  it('ends once', () => {
    const seen = report((parts) => {
      parts.enter();
      parts.enter();
      parts.end(FAILED, false);
      parts.end(FAILED, false);
      parts.leave();
    });
    expect(seen.filter((one) => one !== 'abort').map(({ type }) => type)).toEqual(['ended', 'settled']);
  });
});

describe('a watched promise', () => {
  const error = new Error('crash');

  it.each<[string, (promise: Promise<never>) => unknown]>([
    ['caught', (promise) => promise.catch(() => undefined)],
    ['in Promise.all', (promise) => Promise.all([promise, Promise.resolve()]).catch(() => undefined)],
    ['in allSettled', (promise) => Promise.allSettled([promise])],
    ['in a race', (promise) => Promise.race([promise, deferred<never>().promise]).catch(() => undefined)],
    ['followed by then', (promise) => promise.then(undefined, () => undefined)],
    ['followed by finally', (promise) => promise.finally(() => undefined).catch(() => undefined)],
    ['what another resolves with', (promise) => new Promise((resolve) => resolve(promise)).catch(() => undefined)],
    [
      'awaited',
      async (promise) => {
        try {
          await promise;
        } catch {}
      },
    ],
    ['returned', (promise) => (async () => await promise)().catch(() => undefined)],
  ])('knows that it is watched when %s', async (_, watch) => {
    const end = deferred<unknown>();
    const watched = new Watched<never>((unwatched) => end.resolve(unwatched));
    watch(watched.promise);
    watched.reject(error);
    expect(await end.promise).toBeUndefined();
    await drain();
    expect(last.seen).toEqual([]);
  });

  it('tells of a failure that nobody looked at, which is no unhandledRejection', async () => {
    const end = deferred<unknown>();
    new Watched((unwatched) => end.resolve(unwatched)).reject(error);
    expect(await end.promise).toEqual({ error });
    await drain();
    expect(last.seen).toEqual([]);
  });

  it('is not watched by who prints it', async () => {
    const end = deferred<unknown>();
    const watched = new Watched((unwatched) => end.resolve(unwatched));
    expect(inspect(watched.promise)).toContain('<pending>');
    watched.reject(error);
    expect(await end.promise).toEqual({ error });
  });

  it('is a Promise with its value', async () => {
    const watched = new Watched<number>(() => undefined);
    watched.resolve(7);
    const { promise } = watched;
    expect(promise).toBeInstanceOf(Promise);
    expect(await promise).toBe(7);
  });
});

const crash = async (): Promise<never> => {
  throw new Error('child');
};

describe.each(['spawn', 'unitOfWork'] as const)('ctx.%s', (what) => {
  it('that fails unwatched fails the worker, and only that', async () => {
    const rig = await loop(async (ctx) => {
      void ctx[what](crash);
      await ctx.sleep(60_000);
    });
    expect(rig.seen('incarnationFailed')[0]?.error).toEqual(new Error('child'));
    expect(rig.seen('failedWhileStopping')).toEqual([]);
    expect(rig.handle.state).toMatchObject({ status: 'waiting', on: 'backoff', failures: 1 });
    expect(last.seen).toEqual([]);
    await rig.handle.stop();
  });

  it('that fails watched is the business of the one who watches', async () => {
    const caught: unknown[] = [];
    const rig = await loop(async (ctx) => {
      await ctx[what](crash).catch((error: unknown) => caught.push(error));
      await ctx.sleep(60_000);
    });
    expect(caught).toEqual([new Error('child')]);
    expect(rig.handle.state).toMatchObject({ status: 'running', failures: 0 });
    await rig.handle.stop();
    expect([rig.seen('incarnationFailed'), last.seen]).toEqual([[], []]);
  });

  it('outlives no restart: the body lives until the last has settled', async () => {
    const child = deferred();
    const rig = await loop(
      async (ctx) => {
        void ctx[what](() => child.promise);
        throw new Error('run');
      },
      { stopTimeout: 500, backoff: { initial: 10 } },
    );
    expect(rig.handle.state).toMatchObject({ status: 'stopping', then: 'restart' });
    await rig.clock.advance(5_000);
    expect(rig.handle.state).toMatchObject({ status: 'waiting', on: 'body', incarnation: 1 });
    expect(rig.seen('abandoned')).toHaveLength(1);
    const stop = outcome(rig.handle.stop());
    await rig.clock.advance(500);
    expect(stop).toMatchObject({ state: 'resolved', value: { abandoned: ['rig'] } });
    child.resolve();
    await rig.clock.advance(0);
    expect(rig.seen('lateSettlement')).toHaveLength(1);
    expect(rig.supervisor.machine.live).toBe(false);
  });
});

describe('when run ends', () => {
  it('its children and units are aborted as failed, and joined before a restart', async () => {
    const why: unknown[] = [];
    const rig = await loop(
      async (ctx) => {
        if (ctx.incarnation > 1) return await ctx.sleep(60_000);
        void ctx.spawn((child) => child.sleep(60_000).catch((error: unknown) => void why.push(error)));
        void ctx.unitOfWork((unit) => unit.sleep(60_000).catch((error: unknown) => void why.push(error)));
        throw new Error('run');
      },
      { backoff: { initial: 100, jitter: 0 } },
    );
    expect(why).toMatchObject([{ why: 'failed' }, { why: 'failed' }]);
    await rig.clock.advance(100);
    expect(rig.handle.state).toMatchObject({ status: 'running', incarnation: 2 });
    await rig.handle.stop();
  });
});
