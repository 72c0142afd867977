import { deferred, handled, type Deferred } from '../../shared/deferred.js';
import type { Task } from './task.js';

interface Waiter {
  readonly delay: number | undefined;
  readonly left: Deferred<void>;
}

/** Tasks that wait for room in a pool, the first to come first. */
export class Line {
  private readonly places = new Map<Task<unknown>, Waiter>();

  constructor(
    private readonly isRoom: () => boolean,
    private readonly admit: (task: Task<unknown>, delay: number | undefined) => void,
  ) {}

  get tasks(): readonly Task<unknown>[] {
    return [...this.places.keys()];
  }

  /** Resolves once it has left the line, and rejects where it waited in vain. */
  add(task: Task<unknown>, delay: number | undefined): Promise<void> {
    const left = deferred();
    this.places.set(task, { delay, left });
    return handled(left.promise);
  }

  /** Lets in as many as there is room for. */
  move(): void {
    if (this.places.size === 0) return;
    for (const [task, { delay }] of this.places) {
      if (!this.isRoom()) return;
      this.delete(task);
      this.admit(task, delay);
    }
  }

  /** @returns whether it stood in the line */
  delete(task: Task<unknown>): boolean {
    this.places.get(task)?.left.resolve();
    return this.places.delete(task);
  }

  /** It is over as well; no event, for it was never accepted. */
  refuse(task: Task<unknown>, error: unknown): void {
    this.places.get(task)?.left.reject(error);
    this.places.delete(task);
    task.settle({ type: 'discarded', error });
  }
}
