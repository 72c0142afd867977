import inspector from 'node:inspector';
import { Heap, type Due } from './heap.js';

export interface Timer {
  cancel(): void;
}

/** All time in the library comes from one of these; tests inject their own. Times in milliseconds. */
export interface Clock {
  /** Monotonic, on the scale of the epoch: differences are elapsed time, whatever is done to the wall clock. */
  now(): number;
  /** The wall clock. */
  wall(): number;
  /** Calls `fn` once, after `ms` of any length. As with Node's timers, an argument for it can spare a closure. */
  after(ms: number, fn: () => void, options?: TimerOptions): Timer;
  after<T>(ms: number, fn: (given: T) => void, options: TimerOptions, given: T): Timer;
  /** Calls `fn` in the next turn of the event loop, after timers and sockets had theirs. */
  nextTurn(fn: () => void): void;
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

/** Read once: the getter costs more than the clock. */
const ORIGIN = Math.round(performance.timeOrigin);

const MAX_DELAY = 2 ** 31 - 1;

/** All timers of one kind on a single one of Node's: a timer of a sleeping worker costs no more than its place in a heap. */
class TimerQueue {
  private readonly heap = new Heap<SystemTimer>();
  private handle: NodeJS.Timeout | undefined;
  private armedFor = Infinity;

  constructor(
    readonly clock: SystemClock,
    private readonly unref: boolean,
  ) {}

  add(timer: SystemTimer): void {
    this.heap.push(timer);
    this.arm();
  }

  delete(timer: SystemTimer): void {
    this.heap.delete(timer);
    if (!this.heap.first) this.disarm();
  }

  private arm(): void {
    const { first } = this.heap;
    if (!first || (this.handle && this.armedFor <= first.due)) return;
    this.disarm();
    const ms = Math.min(Math.max(0, first.due - this.clock.now()), MAX_DELAY);
    this.armedFor = first.due;
    this.handle = setTimeout(fired, ms, this);
    if (this.unref) this.handle.unref();
  }

  private disarm(): void {
    clearTimeout(this.handle);
    this.handle = undefined;
  }

  /** Node's timer has fired. */
  fired(): void {
    this.handle = undefined;
    this.drain();
  }

  /** One after another, promises in between, as Node does it. */
  private readonly drain = (): void => {
    const { first } = this.heap;
    if (first && first.due - this.clock.now() < 1) {
      this.heap.delete(first);
      process.nextTick(this.drain);
      first.fire();
    } else this.arm();
  };
}

const fired = (queue: TimerQueue): void => queue.fired();

class SystemTimer implements Timer, Due {
  place = 0;
  due: number;
  private stoodAtStart: number | undefined;

  constructor(
    private readonly queue: TimerQueue,
    ms: number,
    limit: boolean,
    private readonly fn: (given: never) => void,
    private readonly given: unknown,
  ) {
    this.stoodAtStart = limit ? queue.clock.breakpoints.total() : undefined;
    this.due = queue.clock.now() + ms;
    queue.add(this);
  }

  cancel(): void {
    this.queue.delete(this);
  }

  fire(): void {
    const { clock } = this.queue;
    const stood = this.stoodAtStart === undefined ? 0 : clock.breakpoints.total() - this.stoodAtStart;
    if (this.due + stood - clock.now() < 1) this.fn(this.given as never);
    else {
      this.due += stood;
      this.stoodAtStart = clock.breakpoints.total();
      this.queue.add(this);
    }
  }
}

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
  private readonly timers = new TimerQueue(this, false);
  private readonly unrefTimers = new TimerQueue(this, true);

  now(): number {
    return ORIGIN + performance.now();
  }

  wall(): number {
    return Date.now();
  }

  after(ms: number, fn: (given: never) => void, { unref, limit = false }: TimerOptions = {}, given?: unknown): Timer {
    return new SystemTimer(unref ? this.unrefTimers : this.timers, ms > 0 ? ms : 0, limit, fn, given);
  }

  nextTurn(fn: () => void): void {
    setImmediate(fn);
  }

  random(): number {
    return Math.random();
  }
}

/** When this process began, in epoch milliseconds with fractions. */
export const processBorn = (): number => performance.timeOrigin;
