import inspector from 'node:inspector';

export interface Timer {
  cancel(): void;
}

/** All time in the library comes from one of these; tests inject their own. Times in milliseconds. */
export interface Clock {
  /** Monotonic, on the scale of the epoch: differences are elapsed time, whatever is done to the wall clock. */
  now(): number;
  /** The wall clock. */
  wall(): number;
  /** Calls `fn` once, after `ms` of any length. */
  after(ms: number, fn: () => void, options?: TimerOptions): Timer;
  /** A draw from [0, 1). */
  random(): number;
}

export interface TimerOptions {
  /** Does not keep the process alive. */
  readonly unref?: boolean;
  /** A limit set on somebody's code: time that it stood at a breakpoint does not count. */
  readonly limit?: boolean;
}

/** The injection token of the clock. */
export const CLOCK = Symbol('nestjs-background-worker:clock');

const MAX_DELAY = 2 ** 31 - 1;

class SystemTimer implements Timer {
  private handle: NodeJS.Timeout | undefined;
  private readonly stoodAtStart: number;
  private due: number;

  constructor(
    private readonly clock: SystemClock,
    ms: number,
    private readonly fn: () => void,
    private readonly options: TimerOptions,
  ) {
    this.stoodAtStart = options.limit ? clock.breakpoints.total() : 0;
    this.due = clock.now() + ms;
    this.arm(ms);
  }

  cancel(): void {
    clearTimeout(this.handle);
    this.handle = undefined;
  }

  private arm(ms: number): void {
    this.handle = setTimeout(fire, Math.min(ms, MAX_DELAY), this);
    if (this.options.unref) this.handle.unref();
  }

  fire(): void {
    const stood = this.options.limit ? this.clock.breakpoints.total() - this.stoodAtStart : 0;
    const left = this.due + stood - this.clock.now();
    if (left >= 1) this.arm(left);
    else {
      this.handle = undefined;
      this.fn();
    }
  }
}

const fire = (timer: SystemTimer): void => timer.fire();

const BEAT = 250;
const GAP = 1_000;

/** Adds up the time the process stood at breakpoints: gaps between two beats of a timer, while an inspector is open. */
class Breakpoints {
  private stood = 0;
  private lastBeat = 0;
  private beat: NodeJS.Timeout | undefined;

  total(): number {
    if (inspector.url() === undefined) {
      clearInterval(this.beat);
      this.beat = undefined;
    } else if (this.beat === undefined) {
      this.lastBeat = performance.now();
      this.beat = setInterval(() => this.measure(), BEAT).unref();
    } else this.measure();
    return this.stood;
  }

  private measure(): void {
    const now = performance.now();
    if (now - this.lastBeat > GAP) this.stood += now - this.lastBeat;
    this.lastBeat = now;
  }
}

export class SystemClock implements Clock {
  readonly breakpoints = new Breakpoints();

  now(): number {
    return performance.timeOrigin + performance.now();
  }

  wall(): number {
    return Date.now();
  }

  after(ms: number, fn: () => void, options: TimerOptions = {}): Timer {
    return new SystemTimer(this, Math.max(0, ms), fn, options);
  }

  random(): number {
    return Math.random();
  }
}

/** When this process began, in epoch milliseconds with fractions. */
export const processBorn = (): number => performance.timeOrigin;
