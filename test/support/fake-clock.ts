import type { Clock, Timer, TimerOptions } from '../../lib/shared/clock.js';

interface Armed {
  readonly due: number;
  readonly number: number;
  readonly fn: () => void;
}

/** Lets every promise and `process.nextTick` that is due run, until nothing but timers is left. */
export const drain = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** Time by hand. `random()` is a fixed sequence, or what `draw` says. */
export class FakeClock implements Clock {
  /** Set: every draw. */
  draw: number | undefined;

  private time: number;
  private readonly timers = new Set<Armed>();
  private armed = 0;
  private seed: number;

  constructor({ start = 1_000_000, seed = 1 }: { start?: number; seed?: number } = {}) {
    this.time = start;
    this.seed = seed;
  }

  now(): number {
    return this.time;
  }

  /** Off from `now`, so that nobody takes one for the other. */
  wall(): number {
    return this.time + 7_000_000;
  }

  after(ms: number, fn: (given: never) => void, _options?: TimerOptions, given?: unknown): Timer {
    const call = (): void => fn(given as never);
    const timer: Armed = { due: this.time + Math.max(0, ms), number: this.armed++, fn: call };
    this.timers.add(timer);
    return { cancel: () => void this.timers.delete(timer) };
  }

  /** A turn takes no time. */
  nextTurn(fn: () => void): void {
    setImmediate(fn);
  }

  /** mulberry32 */
  random(): number {
    if (this.draw !== undefined) return this.draw;
    this.seed = (this.seed + 0x6d2b79f5) | 0;
    let t = Math.imul(this.seed ^ (this.seed >>> 15), 1 | this.seed);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  }

  /** How many timers are armed. */
  get pending(): number {
    return this.timers.size;
  }

  /** Fires what falls due, in order, and lets promises run before, between and after. @returns how many fired */
  async advance(ms: number): Promise<number> {
    const target = this.time + ms;
    let fired = 0;
    await drain();
    for (let next = this.nextUntil(target); next; next = this.nextUntil(target)) {
      if (++fired > 100_000) throw new Error('timers fire without end');
      this.time = Math.max(this.time, next.due);
      this.timers.delete(next);
      next.fn();
      await drain();
    }
    this.time = target;
    return fired;
  }

  private nextUntil(target: number): Armed | undefined {
    let first: Armed | undefined;
    for (const timer of this.timers) {
      if (timer.due > target) continue;
      if (!first || timer.due < first.due || (timer.due === first.due && timer.number < first.number)) first = timer;
    }
    return first;
  }
}
