import type { EveryOptions } from './options.js';

/** When a tick worker runs. Pure: times in, times out. */
export interface Schedule {
  /** Each run is put off by a draw from [0, jitter). */
  readonly jitter: number;
  /** A run longer than this is overdue. */
  readonly overdueAfter: number;
  first(now: number): number;
  /**
   * The slot after `slot`, at or before `now` where one was missed: missed slots coalesce into the latest of them.
   * @param taken false where a triggered run came in between, so that `slot` still stands
   */
  next(slot: number, taken: boolean, now: number): number;
}

abstract class Every implements Schedule {
  constructor(
    protected readonly every: number,
    private readonly initialDelay: number,
    readonly jitter: number,
  ) {}

  get overdueAfter(): number {
    return Math.max(10 * this.every, 60_000);
  }

  first(now: number): number {
    return now + this.initialDelay;
  }

  abstract next(slot: number, taken: boolean, now: number): number;
}

class Rate extends Every {
  override next(slot: number, taken: boolean, now: number): number {
    return latestSlot(taken ? slot + this.every : slot, this.every, now);
  }
}

class Delay extends Every {
  override next(_slot: number, _taken: boolean, now: number): number {
    return now + this.every;
  }
}

export function everySchedule(every: EveryOptions['every']): Schedule {
  if (typeof every === 'number') return new Rate(every, 0, 0);
  const { initialDelay = 0, jitter = 0 } = every;
  return 'delay' in every ? new Delay(every.delay, initialDelay, jitter) : new Rate(every.rate, initialDelay, jitter);
}

/** `due` itself while it lies ahead, else the last slot of its grid that `now` has reached. */
export const latestSlot = (due: number, rate: number, now: number): number =>
  due > now ? due : due + Math.floor((now - due) / rate) * rate;
