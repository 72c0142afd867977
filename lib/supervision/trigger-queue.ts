import { deferred, handled, type Deferred } from '../shared/deferred.js';
import type { Outcome } from './ports.js';

/** Those who asked for a tick: they settle with the first that begins after they asked. */
export class TriggerQueue {
  private waiting: Deferred<void>[] = [];
  private running: Deferred<void>[] = [];

  add(): Promise<void> {
    const one = deferred();
    this.waiting.push(one);
    return handled(one.promise);
  }

  begin(): void {
    this.running.push(...this.waiting.splice(0));
  }

  settle(outcome: Exclude<Outcome, { type: 'aborted' }>): void {
    for (const one of this.running.splice(0)) {
      if (outcome.type === 'failed') one.reject(outcome.error);
      else one.resolve();
    }
  }

  /** No tick will come. */
  drop(error: unknown): void {
    for (const one of this.waiting.splice(0)) one.reject(error);
  }
}
