import type { Timer } from './clock.js';

interface Timers {
  after(ms: number, fn: () => void): Timer;
}

/**
 * Waits for something, at most `ms` milliseconds.
 * @param watch begins the wait, and returns what ends it; calls back, later than it returns, once what is waited for has come, or with `false` once it never will
 * @returns whether it came in time
 */
export function inTime(
  clock: Timers,
  ms: number,
  watch: (reached: (whether?: boolean) => void) => () => void,
): Promise<boolean> {
  return new Promise((resolve) => {
    const settle = (whether: boolean): void => {
      unwatch();
      timer?.cancel();
      resolve(whether);
    };
    const unwatch = watch((whether = true) => settle(whether));
    const timer = ms === Infinity ? undefined : clock.after(ms, () => settle(false));
  });
}
