import { describe, expect, it } from 'vitest';
import type { WorkerContext } from '../../lib/contract/contexts.js';
import { DoNotRestart, Escalate } from '../../lib/shared/errors.js';
import { deferred } from '../../lib/shared/deferred.js';
import { loop, outcome } from './rig.js';

describe('a loop', () => {
  it('is asked by its signal, and what rejects with the reason is clean', async () => {
    let signal: AbortSignal | undefined;
    const rig = await loop(async (ctx) => {
      signal = ctx.signal;
      await ctx.sleep(60_000).catch((error: unknown) => {
        throw new Error('wrapped', { cause: error });
      });
    });
    expect(signal?.aborted).toBe(false);
    const report = await rig.handle.stop();
    expect(report).toEqual({ stopped: ['rig'], abandoned: [], ms: 0 });
    expect(signal?.reason).toMatchObject({ name: 'AbortError', why: 'stop', deadline: rig.clock.now() + 15_000 });
    expect(rig.seen('failedWhileStopping')).toEqual([]);
  });

  it('that fails otherwise while it stops is told of, and is stopped all the same', async () => {
    const rig = await loop(async (ctx) => {
      await ctx.sleep(60_000).catch(() => undefined);
      throw new Error('late');
    });
    await rig.handle.stop();
    expect(rig.seen('failedWhileStopping')).toMatchObject([{ error: new Error('late') }]);
    expect(rig.handle.state).toMatchObject({ status: 'stopped', reason: 'requested', failures: 0 });
  });

  it("fails by an AbortError that is not its own signal's", async () => {
    const rig = await loop(() => Promise.reject(new DOMException('fetch', 'AbortError')));
    expect(rig.handle.state).toMatchObject({ status: 'waiting', on: 'backoff', failures: 1 });
    await rig.handle.stop();
  });

  it('that throws synchronously fails like one that rejects', async () => {
    const rig = await loop(() => {
      throw new Error('sync');
    });
    expect(rig.seen('incarnationFailed')).toMatchObject([{ error: new Error('sync') }]);
    await rig.handle.stop();
  });

  it.each([
    ['on-failure', 'completed'],
    ['never', 'completed'],
  ] as const)('that returns is %s: stopped', async (restart, reason) => {
    const rig = await loop(async () => undefined, { restart });
    expect(rig.handle.state).toMatchObject({ status: 'stopped', reason, abandoned: false });
  });

  it('that throws DoNotRestart is stopped, Escalate failed', async () => {
    const no = await loop(() => Promise.reject(new DoNotRestart('enough')));
    expect(no.handle.state).toMatchObject({ status: 'stopped', reason: 'do-not-restart' });
    const over = await loop(() => Promise.reject(new Escalate('over')));
    expect(over.handle.state).toMatchObject({ status: 'failed', failures: 1 });
    const never = await loop(() => Promise.reject(new Error('x')), { restart: 'never' });
    expect(never.handle.state).toMatchObject({ status: 'failed' });
  });

  it('begins no unit and no child after the stop', async () => {
    const called: string[] = [];
    const refused: unknown[] = [];
    const rig = await loop(async (ctx) => {
      await ctx.sleep(60_000).catch(() => undefined);
      await ctx.unitOfWork(() => void called.push('unit')).catch((error: unknown) => refused.push(error));
      await ctx.spawn(async () => called.push('child')).catch((error: unknown) => refused.push(error));
    });
    const stop = outcome(rig.handle.stop());
    await rig.clock.advance(100);
    expect([called, refused]).toMatchObject([[], [{ why: 'stop' }, { why: 'stop' }]]);
    expect(stop.state).toBe('resolved');
  });

  it('drains a unit, whose signal aborts cancelGrace before the deadline', async () => {
    const aborts: [number, unknown][] = [];
    const rig = await loop(
      (ctx) =>
        ctx.unitOfWork((unit) => {
          unit.signal.addEventListener('abort', () => aborts.push([rig.clock.now(), unit.signal.reason]));
          return unit.sleep(60_000);
        }),
      { stopTimeout: 10_000, cancelGrace: 3_000 },
    );
    const asked = rig.clock.now();
    const stop = outcome(rig.handle.stop());
    await rig.clock.advance(6_999);
    expect(aborts).toEqual([]);
    await rig.clock.advance(1);
    expect(aborts).toMatchObject([[asked + 7_000, { why: 'stop' }]]);
    expect(stop).toMatchObject({ state: 'resolved', value: { stopped: ['rig'], ms: 7_000 } });
    expect(rig.seen('failedWhileStopping')).toEqual([]);
  });

  it('gets more time by extendStop, up to shutdownTimeout and no further', async () => {
    const rig = await loop(
      async (ctx) => {
        await ctx.sleep(60_000).catch(() => undefined);
        ctx.extendStop(12_000);
        await deferred().promise;
      },
      { stopTimeout: 1_000 },
    );
    const asked = rig.clock.now();
    void rig.handle.stop();
    await rig.clock.advance(0);
    expect(rig.handle.state).toMatchObject({ status: 'stopping', deadline: asked + 12_000 });
    rig.supervisor.dispatch({ type: 'extendStop', ms: 1_000_000 });
    expect(rig.handle.state).toMatchObject({ deadline: asked + 25_000 });
    await rig.clock.advance(25_000);
    expect(rig.handle.state).toMatchObject({ status: 'stopped', abandoned: true });
  });

  it('is woken out of ctx.sleep by trigger()', async () => {
    const rig = await loop((ctx) => ctx.sleep(60_000));
    await rig.handle.trigger();
    await rig.clock.advance(0);
    expect(rig.handle.state).toMatchObject({ status: 'stopped', reason: 'completed' });
  });
});

describe('a unit with a timeout', () => {
  it('rejects at once, while the body lives until the function has settled', async () => {
    const work = deferred();
    const caught: unknown[] = [];
    let aborted = false;
    const rig = await loop(async (ctx) => {
      const unit = ctx.unitOfWork(
        (own) => {
          own.signal.addEventListener('abort', () => (aborted = true));
          return work.promise;
        },
        { timeout: 100 },
      );
      await unit.catch((error: unknown) => caught.push(error));
    });
    await rig.clock.advance(99);
    expect(caught).toEqual([]);
    await rig.clock.advance(1);
    expect(caught).toMatchObject([{ name: 'AbortError', why: 'timeout' }]);
    expect(aborted).toBe(true);
    expect(rig.handle.state.status).toBe('stopping');
    work.reject(new Error('late'));
    await rig.clock.advance(0);
    expect(rig.handle.state).toMatchObject({ status: 'stopped', reason: 'completed' });
    expect(rig.clock.pending).toBe(0);
  });
});

describe('a heartbeat', () => {
  const options = { heartbeatTimeout: 1_000, backoff: { initial: 100, jitter: 0 } };

  it('is given by long sleeps, units and yields by themselves', async () => {
    const rigs = [
      await loop((ctx) => ctx.sleep(30_000), options),
      await loop((ctx) => ctx.unitOfWork((unit) => unit.sleep(30_000)), options),
      await loop(async function* (ctx) {
        for (;;) yield await ctx.sleep(900);
      }, options),
    ];
    for (const rig of rigs) {
      await rig.clock.advance(20_000);
      expect(rig.seen('stalled')).toEqual([]);
      void rig.handle.stop();
      await rig.clock.advance(15_000);
      expect(rig.handle.state).toMatchObject({ status: 'stopped', abandoned: false });
    }
  });

  it('that is missing is a stall: cut, a failure, and no restart before the body settled', async () => {
    const stuck = deferred();
    const reasons: unknown[] = [];
    const rig = await loop(async (ctx) => {
      if (ctx.incarnation > 1) return await ctx.sleep(60_000);
      ctx.signal.addEventListener('abort', () => reasons.push(ctx.signal.reason));
      await stuck.promise;
    }, options);
    await rig.clock.advance(999);
    expect(rig.handle.state.status).toBe('running');
    await rig.clock.advance(1);
    expect(rig.seen('stalled')).toMatchObject([{ sinceMs: 1_000 }]);
    expect(rig.handle.state).toMatchObject({ status: 'waiting', on: 'body' });
    expect(reasons).toMatchObject([{ why: 'stall' }]);
    await rig.clock.advance(60_000);
    expect(rig.handle.state).toMatchObject({ status: 'waiting', on: 'body', failures: 1, incarnation: 1 });
    stuck.resolve();
    await rig.clock.advance(0);
    expect(rig.seen('lateSettlement')).toHaveLength(1);
    expect(rig.handle.state).toMatchObject({ status: 'running', incarnation: 2 });
    await rig.handle.stop();
  });
});

describe('readyTimeout', () => {
  it('is not met by the context of an earlier incarnation', async () => {
    const contexts: WorkerContext[] = [];
    const run = (ctx: WorkerContext): Promise<void> => ctx.sleep(100 * contexts.push(ctx));
    const rig = await loop(run, { readyTimeout: 500 });
    await rig.handle.restart();
    await rig.clock.advance(0);
    contexts[0]?.ready();
    expect(rig.handle.state).toMatchObject({ status: 'running', incarnation: 2, ready: false });
    contexts[1]?.ready();
    expect(rig.handle.state).toMatchObject({ ready: true });
    await rig.handle.stop();
  });

  it('is met by ctx.ready(), and not in time is a failure that names it', async () => {
    const options = { readyTimeout: 500, maxFailures: 1 };
    const good = await loop(async (ctx) => {
      await ctx.sleep(400);
      ctx.ready();
      await ctx.sleep(60_000);
    }, options);
    expect(good.handle.state).toMatchObject({ status: 'running', ready: false });
    await good.clock.advance(5_000);
    expect(good.handle.state).toMatchObject({ status: 'running', ready: true });
    await good.handle.stop();
    const bad = await loop((ctx) => ctx.sleep(60_000), options);
    await bad.clock.advance(500);
    expect(bad.handle.state).toMatchObject({ status: 'failed', error: { code: 'BGW_NOT_READY' } });
  });
});
