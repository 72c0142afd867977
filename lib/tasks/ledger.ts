import type { TaskStatus } from '../contract/tasks.js';
import type { Task } from './task.js';

const REMEMBERED = 1_000;

/** Tasks that somebody can ask for: those whose id was read, and the last that failed. Settled ones are forgotten, oldest first. */
export class Ledger {
  private readonly tasks = new Map<string, Task<unknown>>();
  private readonly failures = new Map<string, Task<unknown>>();

  /** @param onFailed told of every task that failed for good */
  constructor(private readonly onFailed: (task: Task<unknown>, name: string) => void) {}

  add(task: Task<unknown>): void {
    this.tasks.set(task.id, task);
    if (this.tasks.size > REMEMBERED) this.forget();
  }

  failed(task: Task<unknown>, name: string): void {
    this.failures.set(task.id, task);
    if (this.failures.size > REMEMBERED) this.failures.delete(this.failures.keys().next().value ?? '');
    this.onFailed(task, name);
  }

  get(id: string): Task<unknown> | undefined {
    return this.tasks.get(id) ?? this.failures.get(id);
  }

  /** @returns the failed task of this id, no longer counted among the failures */
  take(id: string): Task<unknown> | undefined {
    const task = this.failures.get(id);
    this.failures.delete(id);
    return task;
  }

  /** The newest first. */
  listFailed(limit: number): readonly TaskStatus[] {
    return [...this.failures.values()]
      .reverse()
      .slice(0, limit)
      .map(({ status }) => status);
  }

  private forget(): void {
    for (const [id, task] of this.tasks) {
      if (!task.isSettled) continue;
      this.tasks.delete(id);
      return;
    }
  }
}
