import { invalid } from '../definition/check.js';
import type { Clock } from '../shared/clock.js';
import { deferred, handled } from '../shared/deferred.js';
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
    const refused = deferred<never>();
    this.clock.after(wait, () => refused.reject(reason));
    return handled(refused.promise);
  }

  abort(reason: WorkerAborted): void {
    if (this.reason) return;
    this.reason = reason;
    for (const sleeper of [...this.sleepers]) sleeper.end(reason);
  }

  wake(): void {
    for (const sleeper of [...this.sleepers]) sleeper.end();
  }

  /** That it was aborted is no unhandledRejection: one may begin to await it after other work. */
  private nap(ms: number): Promise<void> {
    const nap = deferred();
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
        if (reason) {
          void handled(nap.promise);
          return nap.reject(reason);
        }
        this.beat();
        nap.resolve();
      },
    };
    let timer = arm();
    this.sleepers.add(sleeper);
    return nap.promise;
  }
}
