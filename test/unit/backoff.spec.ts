import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DEFAULT_BACKOFF, backoffDelay } from '../../lib/shared/backoff.js';
import { loop } from './rig.js';

describe('backoff', () => {
  it('doubles from one second to a minute by default', () => {
    const waits = [1, 2, 3, 6, 7, 8, 2_000].map((failures) => backoffDelay(DEFAULT_BACKOFF, failures, 0));
    expect(waits).toEqual([1_000, 2_000, 4_000, 32_000, 60_000, 60_000, 60_000]);
  });

  it('draws each wait from [1 - jitter, 1] of its length', () => {
    const cases = fc.record({
      initial: fc.integer({ min: 1, max: 10_000 }),
      factor: fc.double({ min: 1, max: 10, noNaN: true }),
      more: fc.nat(100_000),
      jitter: fc.double({ min: 0, max: 1, noNaN: true }),
      failures: fc.integer({ min: 1, max: 5_000 }),
      draw: fc.double({ min: 0, max: 0.999, noNaN: true }),
    });
    fc.assert(
      fc.property(cases, ({ initial, factor, more, jitter, failures, draw }) => {
        const max = initial + more;
        const wait = backoffDelay({ initial, factor, max, jitter, resetAfter: 0 }, failures, draw);
        const full = backoffDelay({ initial, factor, max, jitter: 0, resetAfter: 0 }, failures, draw);
        expect(full).toBeGreaterThanOrEqual(initial);
        expect(full).toBeLessThanOrEqual(max);
        expect(wait).toBeLessThanOrEqual(full);
        expect(wait).toBeGreaterThanOrEqual(full * (1 - jitter) - 1e-6);
      }),
    );
  });

  it('of nothing stays nothing, however often it failed', () => {
    expect(backoffDelay({ ...DEFAULT_BACKOFF, initial: 0 }, 2_000, 0)).toBe(0);
  });

  it('restarts a failing loop after it, longer each time, and from the start again after resetAfter', async () => {
    const starts: number[] = [];
    const rig = await loop(
      async (ctx, { clock }) => {
        starts.push(clock.now());
        if (starts.length === 4) await ctx.sleep(60_001);
        throw new Error('crash');
      },
      { backoff: { initial: 1_000, jitter: 0 } },
    );
    await rig.clock.advance(80_000);
    const waits = starts.slice(1).map((at, index) => at - (starts[index] ?? 0));
    expect(waits.slice(0, 5)).toEqual([1_000, 2_000, 4_000, 61_001, 2_000]);
    expect(rig.seen('incarnationFailed').map(({ retryIn }) => retryIn)).toEqual(
      expect.arrayContaining([1_000, 2_000, 4_000]),
    );
    await rig.handle.stop();
  });
});
