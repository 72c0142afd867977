import { describe, expect, it, vi } from 'vitest';
import { WorkerAborted } from '../../lib/shared/errors.js';
import { Pace } from '../../lib/units/pace.js';
import { FakeClock, drain } from '../support/fake-clock.js';
import { loop, outcome, tick } from './rig.js';

const reason = new WorkerAborted('stop', 'w');

describe('Pace', () => {
  it('sleeps as long as asked, and no longer', async () => {
    const clock = new FakeClock();
    const sleep = outcome(new Pace(clock, 'w').sleep(1_000));
    await clock.advance(999);
    expect(sleep.state).toBe('pending');
    await clock.advance(1);
    expect(sleep.state).toBe('resolved');
    expect(clock.pending).toBe(0);
  });

  it('ends every sleep at an abort, with the reason, and leaves no timer', async () => {
    const clock = new FakeClock();
    const pace = new Pace(clock, 'w');
    const sleeps = [outcome(pace.sleep(10)), outcome(pace.sleep(Infinity))];
    pace.abort(reason);
    pace.abort(new WorkerAborted('stall', 'w'));
    await drain();
    for (const sleep of sleeps) expect(sleep).toEqual({ state: 'rejected', error: reason });
    expect(clock.pending).toBe(0);
  });

  it('refuses after a macrotask the first time, after 100 ms from the second on', async () => {
    const clock = new FakeClock();
    const pace = new Pace(clock, 'w');
    pace.abort(reason);
    const first = outcome(pace.sleep(5_000));
    await drain();
    expect(first.state).toBe('pending');
    await clock.advance(0);
    expect(first).toEqual({ state: 'rejected', error: reason });
    for (const refused of [outcome(pace.sleep(0)), outcome(pace.refuse(reason)), outcome(pace.sleep(1))]) {
      expect(refused.state).toBe('pending');
    }
    const next = outcome(pace.sleep(0));
    await clock.advance(99);
    expect(next.state).toBe('pending');
    await clock.advance(1);
    expect(next).toEqual({ state: 'rejected', error: reason });
  });

  it('is woken out of all its sleeps', async () => {
    const clock = new FakeClock();
    const pace = new Pace(clock, 'w');
    const sleeps = [outcome(pace.sleep(10)), outcome(pace.sleep(20))];
    pace.wake();
    await drain();
    expect(sleeps.map(({ state }) => state)).toEqual(['resolved', 'resolved']);
    expect(clock.pending).toBe(0);
  });

  it('beats at both ends of a sleep and at least every slice between', async () => {
    const clock = new FakeClock();
    const beat = vi.fn<() => void>();
    const sleep = outcome(new Pace(clock, 'w', beat, 250).sleep(600));
    expect(beat).toHaveBeenCalledOnce();
    await clock.advance(599);
    expect([beat.mock.calls.length, sleep.state]).toEqual([3, 'pending']);
    await clock.advance(1);
    expect([beat.mock.calls.length, sleep.state]).toEqual([4, 'resolved']);
  });

  it.each([Number.NaN, '5', undefined, null])('refuses sleep(%o)', async (ms) => {
    const sleep = new Pace(new FakeClock(), 'w').sleep(ms as number);
    await expect(sleep).rejects.toMatchObject({ code: 'BGW_INVALID_OPTION', message: expect.stringContaining('w') });
  });

  it.each([0, -5])('sleep(%i) ends after a macrotask', async (ms) => {
    const clock = new FakeClock();
    const sleep = outcome(new Pace(clock, 'w').sleep(ms));
    await drain();
    expect(sleep.state).toBe('pending');
    await clock.advance(0);
    expect(sleep.state).toBe('resolved');
  });
});

describe('a body that swallows every refusal and goes on', () => {
  const STOP = { stopTimeout: 1_000, cancelGrace: 1_000 };
  /** One at the stop itself, one after a macrotask, then one each 100 ms; at most. */
  const FEW = 13;

  it.each(['sleep', 'spawn', 'unitOfWork', 'ticks'] as const)('with %s does not spin', async (what) => {
    let turns = 0;
    const until = { over: false };
    const rig = await loop(async (ctx) => {
      while (!until.over) {
        turns += 1;
        if (what === 'sleep') await ctx.sleep(10_000).catch(() => undefined);
        else if (what === 'ticks') for await (const _ of ctx.ticks(10_000)) turns += 1;
        else await ctx[what](async () => await ctx.sleep(10_000).catch(() => undefined)).catch(() => undefined);
      }
    }, STOP);
    turns = 0;
    const stop = outcome(rig.handle.stop());
    await rig.clock.advance(999);
    expect(stop.state).toBe('pending');
    await rig.clock.advance(1);
    expect(stop).toMatchObject({ state: 'resolved', value: { abandoned: ['rig'], ms: 1_000 } });
    expect(turns).toBeGreaterThan(5);
    expect(turns).toBeLessThan(FEW);
    until.over = true;
    await rig.clock.advance(200);
    expect(rig.supervisor.machine.live).toBe(false);
  });

  it('that is a tick or a unit does not spin either', async () => {
    let turns = 0;
    const until = { over: false };
    const swallow = async (ctx: { sleep(ms: number): Promise<void> }): Promise<void> => {
      for (; !until.over; turns++) await ctx.sleep(10_000).catch(() => undefined);
    };
    const rigs = [await tick(swallow, { every: 60_000, ...STOP }), await loop((ctx) => ctx.unitOfWork(swallow), STOP)];
    for (const rig of rigs) {
      until.over = false;
      turns = 0;
      const stop = outcome(rig.handle.stop());
      await rig.clock.advance(1_000);
      expect(stop).toMatchObject({ state: 'resolved', value: { abandoned: ['rig'] } });
      expect(turns).toBeGreaterThan(3);
      expect(turns).toBeLessThan(FEW);
      until.over = true;
      await rig.clock.advance(200);
      expect(rig.supervisor.machine.live).toBe(false);
    }
  });

  it('can swallow with all its means at once: they share one count', async () => {
    let turns = 0;
    const until = { over: false };
    const rig = await loop(async (ctx) => {
      const means = [() => ctx.sleep(9), () => ctx.spawn(async () => 1), () => ctx.unitOfWork(() => 1)];
      await ctx.sleep(10_000).catch(() => undefined);
      for (; !until.over; turns++) await means[turns % 3]?.().catch(() => undefined);
    }, STOP);
    void rig.handle.stop();
    await rig.clock.advance(1_000);
    expect(turns).toBeGreaterThan(5);
    expect(turns).toBeLessThan(FEW);
    until.over = true;
    await rig.clock.advance(200);
  });
});
