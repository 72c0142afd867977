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

export function everySchedule(every: EveryOptions['every']): Schedule {
  const given = typeof every === 'number' ? { rate: every } : every;
  const { initialDelay = 0, jitter = 0 } = given;
  const first = (now: number): number => now + initialDelay;
  if ('delay' in given) {
    return { jitter, overdueAfter: overdueAfter(given.delay), first, next: (_slot, _taken, now) => now + given.delay };
  }
  const { rate } = given;
  const next: Schedule['next'] = (slot, taken, now) => latestSlot(taken ? slot + rate : slot, rate, now);
  return { jitter, overdueAfter: overdueAfter(rate), first, next };
}

/** `due` itself while it lies ahead, else the last slot of its grid that `now` has reached. */
export const latestSlot = (due: number, rate: number, now: number): number =>
  due > now ? due : due + Math.floor((now - due) / rate) * rate;

const overdueAfter = (every: number): number => Math.max(10 * every, 60_000);
