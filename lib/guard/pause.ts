import type { Clock, Timer } from '../shared/clock.js';
import { inTime } from '../shared/in-time.js';

/** A wait that can be cut short, and is not begun after that. */
export class Pause {
  private over = false;
  private current: { readonly timer: Timer; readonly wake: () => void } | undefined;

  constructor(private readonly clock: Clock) {}

  /** @param ms milliseconds */
  rest(ms: number): Promise<void> {
    if (this.over) return Promise.resolve();
    return new Promise((wake) => (this.current = { timer: this.clock.after(ms, wake), wake }));
  }

  end(): void {
    this.over = true;
    this.current?.timer.cancel();
    this.current?.wake();
  }
}

/** Until the first of them has settled, at most `ms` milliseconds. */
export async function atMost(clock: Clock, ms: number, ...waits: readonly Promise<unknown>[]): Promise<void> {
  const first = Promise.race(waits);
  await inTime(clock, ms, (reached) => {
    const settled = (): void => reached();
    void first.then(settled, settled);
    return () => undefined;
  });
}

/** 20 ms, then twice as long each time, at most a second. */
export const growing = (attempt: number): number => Math.min(1_000, 20 * 2 ** attempt);
