import type { Task } from './task.js';

/** Cancels the task when the signal aborts. */
export function follow<T>(signal: AbortSignal, task: Task<T>): void {
  const cancel = (): void => void task.cancel(signal.reason);
  if (signal.aborted) return cancel();
  signal.addEventListener('abort', cancel, { once: true });
  void task.join().finally(() => signal.removeEventListener('abort', cancel));
}
