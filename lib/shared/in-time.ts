import type { Timer } from './clock.js';

interface Timers {
  after(ms: number, fn: () => void): Timer;
}

/**
 * Waits for something, at most `ms` milliseconds.
 * @param watch begins the wait, and returns what ends it; calls back once what is waited for has come, later than it returns
 * @returns whether it came in time
 */
export function inTime(clock: Timers, ms: number, watch: (reached: () => void) => () => void): Promise<boolean> {
  return new Promise((resolve) => {
    const settle = (whether: boolean): void => {
      unwatch();
      timer?.cancel();
      resolve(whether);
    };
    const unwatch = watch(() => settle(true));
    const timer = ms === Infinity ? undefined : clock.after(ms, () => settle(false));
  });
}
