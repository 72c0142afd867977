import type { LoggerService } from '@nestjs/common';
import type { Clock, Timer } from '../../shared/clock.js';
import { countOf } from './words.js';

const SPAN = 1_000;

/** Counts what may happen thousands of times a second, and says so once a second. */
export class Tally {
  private readonly counts = new Map<string, number>();
  private timer: Timer | undefined;

  constructor(
    private readonly clock: Clock,
    private readonly logger: LoggerService,
  ) {}

  /** @param what follows "7 tasks" in the log */
  count(what: string): void {
    this.counts.set(what, (this.counts.get(what) ?? 0) + 1);
    this.timer ??= this.clock.after(SPAN, () => this.tell(), { unref: true });
  }

  tell(): void {
    this.timer?.cancel();
    this.timer = undefined;
    for (const [what, count] of this.counts) this.logger.warn(`${countOf(count)} ${what}`);
    this.counts.clear();
  }
}
