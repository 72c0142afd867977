import type { BodySignal, Outcome } from '../supervision/ports.js';

const ABORTED: Outcome = { type: 'aborted' };

/** Joins what lives of a body: `run`, its children and its units. It has settled when the last has. */
export class Parts {
  private living = 0;
  private outcome: Outcome | undefined;
  private phase: 'running' | 'ended' = 'running';

  /** @param abortRest called when `run` ended, or an unwatched child failed, while others live */
  constructor(
    private readonly report: (signal: BodySignal) => void,
    private readonly abortRest: () => void,
  ) {}

  enter(): void {
    this.living += 1;
  }

  /** A part that has ended by itself. */
  leave(): void {
    this.living -= 1;
    if (this.living === 0) this.report({ type: 'settled', outcome: this.outcome ?? ABORTED });
  }

  /**
   * A part whose end is that of the body. The first counts; of what comes later, only a failure does.
   * @param asked stop was asked: the rest drains
   */
  end(outcome: Outcome, asked: boolean): void {
    if (this.outcome === undefined || (this.outcome.type !== 'failed' && outcome.type === 'failed'))
      this.outcome = outcome;
    if (this.living > 1 && !asked && this.phase === 'running') {
      this.phase = 'ended';
      this.report({ type: 'ended', outcome });
      this.outcome = ABORTED;
      this.abortRest();
    }
    this.leave();
  }
}
