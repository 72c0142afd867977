import { invalid } from '../definition/check.js';
import type { Clock } from '../shared/clock.js';
import type { WorkerAborted } from '../shared/errors.js';

interface Sleeper {
  end(reason?: WorkerAborted): void;
}

const REFUSAL = 100;

/**
 * Sleep that ends at an abort, and the brake on a body that goes on after one: the first refusal comes after a macrotask,
 * each further one after 100 ms, so that a loop that swallows every rejection does not spin.
 */
export class Pace {
  private readonly sleepers = new Set<Sleeper>();
  private refusals = 0;
  private reason: WorkerAborted | undefined;

  /** @param beat called at least every `slice` milliseconds of a sleep */
  constructor(
    private readonly clock: Clock,
    private readonly subject: string,
    private readonly beat: () => void = () => undefined,
    private readonly slice = Infinity,
  ) {}

  sleep(ms: number): Promise<void> {
    if (typeof ms !== 'number' || Number.isNaN(ms))
      return Promise.reject(invalid(this.subject, 'sleep(ms)', ms, 'a number of milliseconds'));
    return this.reason ? this.refuse(this.reason) : this.nap(ms);
  }

  /** Rejects with the reason, later and later. */
  refuse(reason: WorkerAborted): Promise<never> {
    const wait = this.refusals++ === 0 ? 0 : REFUSAL;
    return new Promise((_, reject) => this.clock.after(wait, () => reject(reason)));
  }

  abort(reason: WorkerAborted): void {
    if (this.reason) return;
    this.reason = reason;
    for (const sleeper of [...this.sleepers]) sleeper.end(reason);
  }

  wake(): void {
    for (const sleeper of [...this.sleepers]) sleeper.end();
  }

  private nap(ms: number): Promise<void> {
    return new Promise((resolve, reject) => {
      const due = this.clock.now() + ms;
      const arm = () => {
        this.beat();
        return this.clock.after(Math.min(due - this.clock.now(), this.slice), () =>
          due - this.clock.now() < 1 ? sleeper.end() : (timer = arm()),
        );
      };
      const sleeper: Sleeper = {
        end: (reason) => {
          timer.cancel();
          this.sleepers.delete(sleeper);
          if (reason) return reject(reason);
          this.beat();
          resolve();
        },
      };
      let timer = arm();
      this.sleepers.add(sleeper);
    });
  }
}
