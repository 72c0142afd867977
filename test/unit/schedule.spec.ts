import { describe, expect, it } from 'vitest';
import { everySchedule, latestSlot } from '../../lib/definition/schedule.js';
import { deferred } from '../../lib/shared/deferred.js';
import { loop, tick } from './rig.js';

describe('schedule', () => {
  it.each([
    [100, 99, 100],
    [100, 100, 100],
    [100, 149, 100],
    [100, 150, 150],
    [100, 1_199, 1_150],
  ])('due at %i on a grid of 50, at %i the latest slot is %i', (due, now, expected) => {
    expect(latestSlot(due, 50, now)).toBe(expected);
  });

  it('keeps a fixed rate on its grid and coalesces missed slots into the latest', () => {
    const schedule = everySchedule(100);
    expect([schedule.first(1_000), ...[1_050, 1_100, 1_555].map((now) => schedule.next(1_000, true, now))]).toEqual([
      1_000, 1_100, 1_100, 1_500,
    ]);
    expect(schedule.jitter).toBe(0);
  });

  it('leaves a slot standing that a triggered run came before', () => {
    expect(everySchedule(100).next(1_100, false, 1_030)).toBe(1_100);
  });

  it('counts a delay from the end of the run', () => {
    const schedule = everySchedule({ delay: 100, initialDelay: 30, jitter: 5 });
    expect([schedule.first(1_000), schedule.next(1_000, true, 1_777)]).toEqual([1_030, 1_877]);
  });

  it.each([
    [1_000, 60_000],
    [6_000, 60_000],
    [6_001, 60_010],
  ])('a run of every %i is overdue after %i', (every, after) => {
    expect(everySchedule(every).overdueAfter).toBe(after);
    expect(everySchedule({ delay: every }).overdueAfter).toBe(after);
  });
});

describe('ticks on the clock', () => {
  it('runs at once, then on the grid; what a long run missed is one run', async () => {
    const starts: number[] = [];
    const work = deferred();
    const rig = await tick(
      (ctx) => {
        starts.push(ctx.scheduledAt.getTime());
        return starts.length === 2 ? work.promise : undefined;
      },
      { every: 1_000 },
    );
    const zero = rig.clock.wall();
    await rig.clock.advance(4_300);
    expect(starts).toEqual([zero, zero + 1_000]);
    work.resolve();
    await rig.clock.advance(0);
    expect(starts).toEqual([zero, zero + 1_000, zero + 4_000]);
    await rig.clock.advance(700);
    expect(starts.slice(3)).toEqual([zero + 5_000]);
    await rig.handle.stop();
  });

  it('waits initialDelay before the first, and up to jitter before each', async () => {
    const starts: number[] = [];
    const rig = await tick((_, rig) => void starts.push(rig.clock.now()), {
      every: { rate: 1_000, initialDelay: 300, jitter: 100 },
    });
    const zero = rig.clock.now();
    rig.clock.draw = 0.5;
    await rig.clock.advance(2_400);
    expect(starts.map((at) => at - zero)).toEqual([300, 1_350, 2_350]);
    await rig.handle.stop();
  });

  it('runs a triggered tick at once and keeps the grid', async () => {
    const starts: number[] = [];
    const rig = await tick((_, rig) => void starts.push(rig.clock.now()), {
      every: { rate: 1_000, initialDelay: 1_000 },
    });
    const zero = rig.clock.now();
    await rig.clock.advance(400);
    await rig.handle.trigger();
    await rig.clock.advance(600);
    expect(starts.map((at) => at - zero)).toEqual([400, 1_000]);
    await rig.handle.stop();
  });
});

describe('ctx.ticks', () => {
  it('ticks at once, then on the grid, missed ones as one, and ends by itself at stop', async () => {
    const at: number[] = [];
    const rig = await loop(async (ctx, { clock }) => {
      for await (const _ of ctx.ticks(100)) {
        at.push(clock.now());
        if (at.length === 2) await ctx.sleep(250);
      }
      at.push(-1);
    });
    const zero = rig.clock.now();
    await rig.clock.advance(400);
    expect(at.map((one) => one - zero)).toEqual([0, 100, 350, 400]);
    await rig.handle.stop();
    expect(at.at(-1)).toBe(-1);
    expect(rig.seen('failedWhileStopping')).toEqual([]);
  });

  it.each([0, -1, Number.NaN, Infinity, '5'])('refuses ticks(%o)', async (ms) => {
    const rig = await loop(async (ctx) => {
      for await (const _ of ctx.ticks(ms as number));
    });
    expect(rig.seen('incarnationFailed')[0]?.error).toMatchObject({ code: 'BGW_INVALID_OPTION' });
    await rig.handle.stop();
  });
});
