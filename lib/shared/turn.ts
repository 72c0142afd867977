import type { Clock } from './clock.js';

const LONGEST = 10;

/** The current turn of the event loop: whoever begins one thing after the other asks whether others should come before. */
export class Turn {
  private since = 0;
  private asked = false;

  /** @param onNext called at the beginning of the turn after one in which somebody asked */
  constructor(
    private readonly clock: Clock,
    private readonly onNext: () => void,
  ) {}

  /** Whether 10 ms have passed since it was first asked in this turn. */
  get isLong(): boolean {
    if (!this.asked) {
      this.since = this.clock.now();
      this.asked = true;
      this.clock.nextTurn(this.begin);
      return false;
    }
    return this.clock.now() - this.since >= LONGEST;
  }

  private readonly begin = (): void => {
    this.asked = false;
    this.onNext();
  };
}
