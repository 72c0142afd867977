import type { Clock } from './clock.js';

const LONGEST = 10;
/** The clock is read once in so many questions: it would cost more than they do. */
const STRIDE = 8;

/** The current turn of the event loop: whoever begins one thing after the other asks whether others should come before. */
export class Turn {
  private since = 0;
  private asked = 0;
  private long = false;

  /** @param onNext called at the beginning of the turn after one in which somebody asked */
  constructor(
    private readonly clock: Clock,
    private readonly onNext: () => void,
  ) {}

  /** Whether 10 ms have passed since it was first asked in this turn. */
  get isLong(): boolean {
    this.asked += 1;
    if (this.asked === 1) {
      this.since = this.clock.now();
      this.clock.nextTurn(this.begin);
      return false;
    }
    this.long ||= this.asked % STRIDE === 0 && this.clock.now() - this.since >= LONGEST;
    return this.long;
  }

  private readonly begin = (): void => {
    this.asked = 0;
    this.long = false;
    this.onNext();
  };
}
