import type { TaskStatus } from '../../contract/tasks.js';
import type { Task } from './task.js';

const REMEMBERED = 1_000;

/** Tasks that somebody can ask for: those whose id was read, and the last that failed. Settled ones are forgotten, oldest first. */
export class Ledger {
  private readonly live = new Map<string, Task<unknown>>();
  private readonly ended = new Map<string, TaskStatus>();
  private readonly failures = new Map<string, { readonly status: TaskStatus; readonly task: Task<unknown> }>();

  add(task: Task<unknown>): void {
    if (task.isSettled) remember(this.ended, task.id, task.status);
    else this.live.set(task.id, task);
  }

  /**
   * Of a settled task only what can be asked is kept, and of a failed one what it takes to try again; nothing where an
   * engine is to be asked.
   * @param task whose id was read
   */
  settled(task: Task<unknown>): void {
    if (this.live.get(task.id) === task) this.live.delete(task.id);
    if (!task.spec.engine) remember(this.ended, task.id, task.status);
  }

  failed(task: Task<unknown>): void {
    if (task.spec.engine) return;
    const { status } = task;
    remember(this.failures, status.id, { status, task });
  }

  status(id: string): TaskStatus | undefined {
    return this.live.get(id)?.status ?? this.ended.get(id) ?? this.failures.get(id)?.status;
  }

  failedTask(id: string): Task<unknown> | undefined {
    return this.failures.get(id)?.task;
  }

  /** Its id has a new chance. */
  again(task: Task<unknown>): void {
    this.failures.delete(task.id);
    this.ended.delete(task.id);
    this.add(task);
  }

  /** The newest first. */
  listFailed(limit: number): readonly TaskStatus[] {
    return [...this.failures.values()]
      .reverse()
      .slice(0, limit)
      .map(({ status }) => status);
  }
}

function remember<T>(map: Map<string, T>, id: string, what: T): void {
  map.delete(id);
  map.set(id, what);
  if (map.size <= REMEMBERED) return;
  const [oldest = ''] = map.keys();
  map.delete(oldest);
}
