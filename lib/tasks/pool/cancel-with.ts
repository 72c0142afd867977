import type { Task } from './task.js';

/** The tasks of one signal, with one listener for all. */
class Followers {
  private readonly tasks = new Set<Task<unknown>>();

  constructor(private readonly signal: AbortSignal) {
    signal.addEventListener('abort', this, { once: true });
  }

  handleEvent(): void {
    for (const task of this.tasks) task.cancel(this.signal.reason);
  }

  async add(task: Task<unknown>): Promise<void> {
    this.tasks.add(task);
    await task.join();
    this.tasks.delete(task);
    if (this.tasks.size > 0) return;
    this.signal.removeEventListener('abort', this);
    known.delete(this.signal);
  }
}

const known = new WeakMap<AbortSignal, Followers>();

/** Cancels the task when the signal aborts. */
export function cancelWith(signal: AbortSignal, task: Task<unknown>): void {
  if (signal.aborted) return void task.cancel(signal.reason);
  const followers = known.get(signal) ?? new Followers(signal);
  known.set(signal, followers);
  void followers.add(task);
}
