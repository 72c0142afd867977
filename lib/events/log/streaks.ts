import type { Clock } from '../../shared/clock.js';
import { seconds } from './words.js';

const SUMMARY = 60_000;
const NAMES = 1_000;

/** Says what fails again and again once a minute. */
export class Streaks {
  private readonly untold = new Map<string, { readonly since: number; readonly times: number }>();

  constructor(private readonly clock: Clock) {}

  /** @returns undefined where it was said less than a minute ago, else what to add to the line */
  note(name: string): string | undefined {
    const now = this.clock.now();
    const last = this.untold.get(name);
    if (last && now - last.since < SUMMARY) {
      this.untold.set(name, { ...last, times: last.times + 1 });
      return undefined;
    }
    if (this.untold.size > NAMES) this.untold.clear();
    this.untold.set(name, { since: now, times: 0 });
    return last?.times ? ` (${last.times + 1} times within ${seconds(now - last.since)})` : '';
  }

  end(name: string): void {
    this.untold.delete(name);
  }
}
