import type { TaskHandle } from '../../contract/tasks.js';
import { handled } from '../../shared/deferred.js';

/**
 * The handles as they settle, the first to settle first. (After `concurrent.futures.as_completed`.)
 *
 * @example
 * ```ts
 * async function firstOf<T>(handles: readonly TaskHandle<T>[]) {
 *   for await (const handle of asCompleted(handles)) if (handle.state === 'done') return await handle.result;
 *   throw new Error('none was done');
 * }
 * ```
 */
export async function* asCompleted<T>(
  handles: Iterable<TaskHandle<T>>,
): AsyncGenerator<TaskHandle<T>, void, undefined> {
  const settled: Promise<TaskHandle<T>>[] = [];
  let wake: (() => void) | undefined;
  let open = 0;
  for (const handle of handles) {
    open += 1;
    const joined = handled(handle.join().then(() => handle));
    void joined
      .catch(() => undefined)
      .then(() => {
        settled.push(joined);
        wake?.();
      });
  }
  for (; open > 0; open -= 1) {
    if (settled.length === 0) await new Promise<void>((resolve) => (wake = resolve));
    const next = settled.shift();
    if (next) yield await next;
  }
}
