import { describe, expect, it } from 'vitest';
import type { WorkerContext } from '../../lib/contract/contexts.js';
import { deferred } from '../../lib/shared/deferred.js';
import { drain } from '../support/fake-clock.js';
import { Rig, loop, outcome, strays, tick, type Outcome } from './rig.js';

const forever = (ctx: WorkerContext): Promise<void> => ctx.sleep(Infinity);
const NOT_RUNNING = { state: 'rejected', error: { code: 'BGW_NOT_RUNNING' } };
const SELF_JOIN = { state: 'rejected', error: { code: 'BGW_SELF_JOIN' } };
const SHUTTING_DOWN = { state: 'rejected', error: { code: 'BGW_SHUTTING_DOWN' } };

describe('start()', () => {
  it('is kept before bootstrap, as restart() and trigger() are, and does not settle until then', async () => {
    let runs = 0;
    const rig = new Rig({ every: { rate: 60_000, initialDelay: 60_000 } }, { run: () => runs++ });
    const calls = [outcome(rig.handle.start()), outcome(rig.handle.trigger()), outcome(rig.handle.restart())];
    await rig.clock.advance(10_000);
    expect([rig.handle.state.status, ...calls.map(({ state }) => state)]).toEqual([
      'idle',
      ...Array(3).fill('pending'),
    ]);
    rig.stage.open();
    await rig.clock.advance(0);
    expect([runs, ...calls.map(({ state }) => state)]).toEqual([1, ...Array(3).fill('resolved')]);
    await rig.handle.stop();
  });

  it.each(['start', 'restart', 'trigger'] as const)('%s() rejects once the app stops, kept ones too', async (what) => {
    const last = strays();
    const rig = new Rig({}, { run: forever });
    const kept = outcome(rig.handle[what]());
    rig.stage.close();
    const late = outcome(rig.handle[what]());
    void rig.handle[what]();
    await drain();
    expect([kept, late]).toMatchObject([SHUTTING_DOWN, SHUTTING_DOWN]);
    expect(rig.handle.state.status).toBe('idle');
    expect(last.seen).toEqual([]);
    last.end();
  });

  it('is idempotent', async () => {
    const rig = await loop(forever);
    await Promise.all([rig.handle.start(), rig.handle.start()]);
    expect(rig.handle.state).toMatchObject({ status: 'running', incarnation: 1 });
    await rig.handle.stop();
  });

  it('leaves stopped and failed, with failures at 0', async () => {
    const rig = await loop(() => Promise.reject(new Error('x')), { maxFailures: 1 });
    expect(rig.handle.state).toMatchObject({ status: 'failed', failures: 1 });
    await rig.handle.start();
    expect(rig.handle.state).toMatchObject({ status: 'running', failures: 0, incarnation: 2 });
    await rig.clock.advance(0);
    await rig.handle.restart();
    expect(rig.handle.state).toMatchObject({ status: 'running', incarnation: 3 });
  });

  it('while it stops starts it again once the body has settled', async () => {
    const work = deferred();
    const rig = await loop((ctx) => (ctx.incarnation === 1 ? work.promise : forever(ctx)));
    const stop = outcome(rig.handle.stop());
    await rig.handle.start();
    expect(rig.handle.state).toMatchObject({ status: 'stopping', then: 'restart' });
    work.resolve();
    await rig.clock.advance(0);
    expect([rig.handle.state, stop]).toMatchObject([
      { status: 'running', incarnation: 2 },
      { state: 'resolved', value: { stopped: ['rig'], abandoned: [] } },
    ]);
    await rig.handle.stop();
  });
});

describe('stop()', () => {
  it('is idempotent, and of an idle worker makes it stopped', async () => {
    const rig = new Rig({}, { run: forever });
    expect(await rig.handle.stop()).toEqual({ stopped: ['rig'], abandoned: [], ms: 0 });
    expect(rig.handle.state).toMatchObject({ status: 'stopped', reason: 'requested' });
    const running = await loop(forever);
    const reports = await Promise.all([running.handle.stop(), running.handle.stop()]);
    expect(reports.map(({ stopped }) => stopped)).toEqual([['rig'], ['rig']]);
  });

  it('names an abandoned body, until it has settled', async () => {
    const work = deferred();
    const rig = await loop(() => work.promise, { stopTimeout: 100 });
    const stop = outcome(rig.handle.stop());
    await rig.clock.advance(100);
    expect(stop.value).toEqual({ stopped: [], abandoned: ['rig'], ms: 100 });
    expect(rig.handle.state).toMatchObject({ status: 'stopped', abandoned: true });
    expect((await rig.handle.stop()).abandoned).toEqual(['rig']);
    work.resolve();
    await rig.clock.advance(0);
    expect((await rig.handle.stop()).abandoned).toEqual([]);
  });
});

describe('restart()', () => {
  it('stops and starts at once, in one incarnation more', async () => {
    const reasons: unknown[] = [];
    const rig = await loop(async (ctx) => {
      ctx.signal.addEventListener('abort', () => reasons.push(ctx.signal.reason));
      await forever(ctx);
    });
    await rig.handle.restart();
    expect(rig.handle.state).toMatchObject({ status: 'running', incarnation: 2 });
    expect(reasons).toMatchObject([{ why: 'restart' }]);
    await rig.handle.stop();
  });
});

describe('pause() and resume()', () => {
  it('finish the unit in flight and begin none, then go on', async () => {
    let runs = 0;
    const rig = await tick(async (ctx) => ctx.sleep(100).then(() => runs++), { every: 1_000 });
    const pause = outcome(rig.handle.pause());
    await rig.clock.advance(99);
    expect([pause.state, rig.handle.state]).toMatchObject(['pending', { status: 'stopping', then: 'pause' }]);
    await rig.clock.advance(5_000);
    expect([pause.state, rig.handle.state, runs]).toMatchObject(['resolved', { status: 'paused' }, 1]);
    expect(rig.handle.isAlive).toBe(true);
    await rig.handle.resume();
    await rig.clock.advance(100);
    expect(runs).toBe(2);
    await rig.handle.stop();
  });

  it.each(['pause', 'resume', 'trigger'] as const)('%s() of a stopped worker rejects', async (what) => {
    const rig = await loop(async () => undefined);
    const call = outcome(rig.handle[what]());
    await drain();
    expect(call).toMatchObject(NOT_RUNNING);
  });
});

describe('trigger()', () => {
  it('of a paused worker rejects, as do those that waited when it was paused', async () => {
    const work = deferred();
    const rig = await tick(() => work.promise, { every: 1_000 });
    const waited = outcome(rig.handle.trigger());
    void rig.handle.pause();
    const during = outcome(rig.handle.trigger());
    work.resolve();
    await rig.clock.advance(0);
    const paused = outcome(rig.handle.trigger());
    await drain();
    expect([waited, during, paused]).toMatchObject([NOT_RUNNING, NOT_RUNNING, NOT_RUNNING]);
    await rig.handle.stop();
  });

  it('ends the backoff of a loop', async () => {
    const rig = await loop((ctx) => (ctx.incarnation === 1 ? Promise.reject(new Error('x')) : forever(ctx)));
    expect(rig.handle.state).toMatchObject({ status: 'waiting', on: 'backoff' });
    await rig.handle.trigger();
    expect(rig.handle.state).toMatchObject({ status: 'running', incarnation: 2, failures: 1 });
    await rig.handle.stop();
  });
});

describe('join()', () => {
  it('is true when it is no longer alive, false on time-out, and leaves no timer', async () => {
    const rig = await loop((ctx) => ctx.sleep(1_000));
    const [short, long, open] = [{ timeout: 500 }, { timeout: 5_000 }, undefined].map((options) =>
      outcome(rig.handle.join(options)),
    );
    await rig.clock.advance(500);
    expect([short, long]).toMatchObject([{ value: false }, { state: 'pending' }]);
    await rig.clock.advance(500);
    expect([long, open]).toMatchObject([{ value: true }, { value: true }]);
    expect([await rig.handle.join(), rig.clock.pending]).toEqual([true, 0]);
  });
});

describe('a body that waits for itself', () => {
  it.each(['stop', 'restart', 'pause', 'join'] as const)('by %s() gets BGW_SELF_JOIN, and it is done', async (what) => {
    const last = strays();
    let own: Outcome<unknown> | undefined;
    const rig = await loop(async (ctx, { handle }) => {
      if (ctx.incarnation === 1) {
        void handle[what]();
        own = outcome<unknown>(handle[what]());
      }
      await forever(ctx);
    });
    expect(own).toMatchObject(SELF_JOIN);
    expect(rig.handle.state).toMatchObject(
      {
        stop: { status: 'stopped' },
        restart: { incarnation: 2 },
        pause: { status: 'paused' },
        join: { incarnation: 1 },
      }[what],
    );
    expect(last.seen).toEqual([]);
    last.end();
    await rig.handle.stop();
  });

  it('by trigger() in a tick gets BGW_SELF_JOIN, and one more tick; a loop gets its answer at once', async () => {
    const calls: Outcome<void>[] = [];
    let runs = 0;
    const ticks = await tick((_, { handle }) => (runs++ === 0 ? calls.push(outcome(handle.trigger())) : 0), {
      every: 60_000,
    });
    const loops = await loop(async (ctx, { handle }) => {
      calls.push(outcome(handle.trigger()));
      await forever(ctx);
    });
    expect([runs, calls]).toMatchObject([2, [SELF_JOIN, { state: 'resolved' }]]);
    await Promise.all([ticks.handle.stop(), loops.handle.stop()]);
  });

  it.each(['spawn', 'unitOfWork'] as const)('is known inside %s, too', async (what) => {
    const calls: Outcome<unknown>[] = [];
    const rig = await loop((ctx, { handle }) => ctx[what](async () => void calls.push(outcome(handle.stop()))));
    expect([calls, rig.handle.state]).toMatchObject([[SELF_JOIN], { status: 'stopped' }]);
  });

  it('is not the body of another worker, which may wait', async () => {
    const other = await loop(forever);
    const calls: Outcome<unknown>[] = [];
    const rig = await loop(async () => void calls.push(outcome(other.handle.stop())));
    expect([calls, rig.handle.state]).toMatchObject([[{ state: 'resolved' }], { status: 'stopped' }]);
  });
});
