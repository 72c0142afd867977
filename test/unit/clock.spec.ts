import inspector from 'node:inspector';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Alarm, type Timetable } from '../../lib/shared/alarm.js';
import { SystemClock } from '../../lib/shared/clock.js';
import { FakeClock } from '../support/fake-clock.js';

const clock = new SystemClock();
const until = (ms: number, options = {}): Promise<number> =>
  new Promise((resolve) => clock.after(ms, () => resolve(clock.now()), options));

function block(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}

describe('SystemClock', () => {
  it('is monotonic on the scale of the epoch, and knows the wall clock', () => {
    expect(Math.abs(clock.now() - Date.now())).toBeLessThan(60_000);
    expect(clock.wall()).toBeCloseTo(Date.now(), -3);
    const draws = Array.from({ length: 100 }, () => clock.random());
    expect(draws.every((draw) => draw >= 0 && draw < 1)).toBe(true);
  });

  it('leaves no timer of Node’s behind when one that fires arms another', async () => {
    const own = new SystemClock();
    const open = (): number => process.getActiveResourcesInfo().filter((type) => type === 'Timeout').length;
    const before = open();
    const later = await new Promise<{ cancel(): void }>((resolve) =>
      own.after(1, () => resolve(own.after(60_000, () => undefined))),
    );
    await new Promise((resolve) => own.after(1, () => resolve(undefined)));
    later.cancel();
    await new Promise(setImmediate);
    expect(open()).toBe(before);
  });

  it('calls in the order of their times, whatever order they were asked for in', async () => {
    const own = new SystemClock();
    const called: number[] = [];
    const times = [30, 5, 20, 1, 25, 10, 15];
    const timers = times.map((ms) => own.after(ms, () => called.push(ms)));
    timers[2]?.cancel();
    await new Promise((resolve) => own.after(40, () => resolve(undefined)));
    expect(called).toEqual([1, 5, 10, 15, 25, 30]);
  });

  it('calls not before the time, and not once cancelled', async () => {
    const called = vi.fn<() => void>();
    clock.after(1, called).cancel();
    const begun = clock.now();
    expect((await until(20)) - begun).toBeGreaterThanOrEqual(19);
    expect(called).not.toHaveBeenCalled();
  });

  it('keeps the process alive, or not, as told', () => {
    const spy = vi.spyOn(globalThis, 'setTimeout');
    const timers = [clock.after(1_000, () => undefined), clock.after(1_000, () => undefined, { unref: true })];
    const refs = spy.mock.results.map(({ value }) => (value as NodeJS.Timeout).hasRef());
    timers.forEach((timer) => timer.cancel());
    spy.mockRestore();
    expect(refs).toEqual([true, false]);
  });

  describe('over long delays', () => {
    beforeEach(() => vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] }));
    afterEach(() => vi.useRealTimers());

    it.each([2 ** 31, 2 ** 31 * 3, 2 ** 40])('waits %i ms', (ms) => {
      const called = vi.fn<() => void>();
      new SystemClock().after(ms, called);
      vi.advanceTimersByTime(ms - 1);
      expect(called).not.toHaveBeenCalled();
      vi.advanceTimersByTime(1);
      expect(called).toHaveBeenCalledOnce();
    });

    it('waits for ever, and can be cancelled then', () => {
      const called = vi.fn<() => void>();
      const timer = new SystemClock().after(Infinity, called);
      vi.advanceTimersByTime(2 ** 40);
      expect(called).not.toHaveBeenCalled();
      timer.cancel();
      expect(vi.getTimerCount()).toBe(0);
    });
  });
});

describe('at a breakpoint', () => {
  const limit = { limit: true };

  it('adds the time to limits and to nothing else, while an inspector is open', async () => {
    inspector.open(0, '127.0.0.1');
    try {
      const begun = clock.now();
      const limited = until(200, limit);
      const plain = until(200);
      block(1_500);
      const [limitedAt, plainAt] = await Promise.all([limited, plain]);
      expect(plainAt - begun).toBeLessThan(1_650);
      expect(limitedAt - begun).toBeGreaterThanOrEqual(1_650);
      expect(limitedAt - begun).toBeLessThan(2_600);
    } finally {
      inspector.close();
      clock.breakpoints.total();
    }
  });

  it('counts no gap of a second or less', async () => {
    inspector.open(0, '127.0.0.1');
    try {
      const begun = clock.now();
      const limited = until(100, limit);
      block(600);
      expect((await limited) - begun).toBeLessThan(700);
    } finally {
      inspector.close();
      clock.breakpoints.total();
    }
  });

  it('without an inspector, a block is just a block', async () => {
    const begun = clock.now();
    const limited = until(100, limit);
    block(1_100);
    expect((await limited) - begun).toBeLessThan(1_300);
  });
});

describe('Alarm', () => {
  const time = new FakeClock();
  const after = vi.spyOn(time, 'after');
  const start = time.now();
  const rung: [string, number][] = [];
  const ringer = {
    timetable: {} as Timetable<'a' | 'b'>,
    ring(name: 'a' | 'b') {
      rung.push([name, time.now() - start]);
      follow({ ...ringer.timetable, [name]: undefined });
    },
  };
  const alarm = new Alarm<'a' | 'b'>(time, ['a'], ringer);
  const follow = (timetable: Timetable<'a' | 'b'>): void => {
    ringer.timetable = timetable;
    alarm.sync();
  };

  it('follows its timetable: earlier re-arms, later costs no timer, gone cancels', async () => {
    follow({ a: start + 100, b: start + 50 });
    for (let at = 110; at <= 150; at += 10) follow({ a: start + at, b: start + 20 });
    expect(after).toHaveBeenCalledTimes(2);
    await time.advance(120);
    expect(rung).toEqual([['b', 20]]);
    await time.advance(30);
    expect(rung).toEqual([
      ['b', 20],
      ['a', 150],
    ]);
    expect(after.mock.calls.map(([ms, , options]) => [ms, options?.limit])).toEqual([
      [50, false],
      [20, false],
      [130, true],
    ]);
    follow({ b: start + 999 });
    follow({});
    expect(time.pending).toBe(0);
  });

  it('a limit that moved goes on from where it stood: a breakpoint does not eat it', async () => {
    after.mockClear();
    const now = time.now();
    follow({ a: now + 100 });
    follow({ a: now + 300 });
    const [[, fire] = []] = after.mock.calls as unknown as [number, (given: unknown) => void][];
    await time.advance(99);
    vi.spyOn(time, 'now').mockReturnValue(now + 5_000);
    fire?.(alarm);
    expect(after.mock.lastCall?.[0]).toBe(200);
    follow({});
  });
});
