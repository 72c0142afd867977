import type { Timer } from '../../shared/clock.js';
import { inTime } from '../../shared/in-time.js';

/** Those who wait for a task to end, each at most as long as it likes: one that has given up leaves nothing behind. */
export class Joiners {
  private readonly ends = new Set<(whole: boolean) => void>();

  /** @param after the clock's @returns whether it ended in time */
  wait(timeout: number, after: (ms: number, fn: () => void) => Timer): Promise<boolean> {
    return inTime({ after }, timeout, (reached) => {
      this.ends.add(reached);
      return () => this.ends.delete(reached);
    });
  }

  /** @param whole whether it has ended */
  end(whole: boolean): void {
    for (const end of [...this.ends]) end(whole);
  }
}
