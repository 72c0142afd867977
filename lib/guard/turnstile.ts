import { deferred, type Deferred } from '../shared/deferred.js';
import type { Pass } from '../supervision/ports.js';

type Tell = (detail: string) => void;

/** Which workers are past the gate, and who waits before it. */
export class Turnstile {
  private readonly passes = new Map<Pass, string>();
  private readonly entrants = new Map<Deferred<void>, Tell>();
  private detail: string | undefined;

  /** A name for each body. */
  get living(): readonly string[] {
    return [...this.passes.values()];
  }

  /** Until the next `open()`; never, once the signal has aborted. */
  private async wait(signal: AbortSignal, tell: Tell): Promise<void> {
    const entrant = deferred();
    this.entrants.set(entrant, tell);
    if (this.detail !== undefined) tell(this.detail);
    signal.addEventListener('abort', () => this.entrants.delete(entrant), { once: true });
    await entrant.promise;
  }

  open(): void {
    this.detail = undefined;
    for (const entrant of this.entrants.keys()) entrant.resolve();
    this.entrants.clear();
  }

  /**
   * Waits until somebody may pass.
   * @param lost while one may: it aborts when that is over
   */
  async enter(
    worker: string,
    signal: AbortSignal,
    tell: Tell,
    lost: () => AbortSignal | undefined,
    left: () => void,
  ): Promise<Pass> {
    for (;;) {
      const pass = lost();
      if (pass && !pass.aborted) return this.admit(worker, pass, left);
      await this.wait(signal, tell);
    }
  }

  /** Who keeps them waiting. */
  tell(detail: string): void {
    this.detail = detail;
    for (const tell of this.entrants.values()) tell(detail);
  }

  private admit(worker: string, signal: AbortSignal, left: () => void): Pass {
    const leave = (): void => {
      this.passes.delete(pass);
      left();
    };
    const pass: Pass = { signal, leave };
    this.passes.set(pass, worker);
    return pass;
  }
}
