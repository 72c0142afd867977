import { deferred, type Deferred } from '../shared/deferred.js';
import type { Pass } from '../supervision/ports.js';

/** Which workers are past the gate, and who waits before it. */
export class Turnstile {
  private readonly passes = new Map<Pass, string>();
  private readonly entrants = new Set<Deferred<void>>();

  /** A name for each body. */
  get living(): readonly string[] {
    return [...this.passes.values()];
  }

  /** Until the next `open()`; never, once the signal has aborted. */
  async wait(signal: AbortSignal): Promise<void> {
    const entrant = deferred();
    this.entrants.add(entrant);
    signal.addEventListener('abort', () => this.entrants.delete(entrant), { once: true });
    await entrant.promise;
  }

  open(): void {
    for (const entrant of this.entrants) entrant.resolve();
    this.entrants.clear();
  }

  admit(worker: string, signal: AbortSignal, left: () => void): Pass {
    const leave = (): void => {
      this.passes.delete(pass);
      left();
    };
    const pass: Pass = { signal, leave };
    this.passes.set(pass, worker);
    return pass;
  }
}
