import type { TaskHandle } from '../contract/tasks.js';
import { handled } from '../shared/deferred.js';
import { ReadAhead } from './read-ahead.js';

/**
 * In input order, with at most `ahead` tasks begun and not yet taken. What is ready is not held back by a source that has
 * nothing more for now. (After `concurrent.futures.Executor.map`, which buffers all.)
 */
export async function* mapTasks<I, T>(
  items: Iterable<I> | AsyncIterable<I>,
  submit: (item: I) => TaskHandle<T>,
  ahead: number,
): AsyncGenerator<T, void, undefined> {
  const source = new ReadAhead(items, submit, ahead);
  const { begun } = source;
  const next = async (): Promise<{ readonly value: T } | undefined> => {
    const reading = source.read();
    const [first] = begun;
    const result = first?.result.then((value) => ({ value }));
    return await (reading && result ? Promise.race([reading, result]) : (reading ?? result));
  };
  try {
    do {
      const ready = await next();
      if (!ready) continue;
      begun.shift();
      yield ready.value;
    } while (!source.isOver);
  } catch (error) {
    await source.close().catch(() => undefined);
    throw error;
  } finally {
    await source.close();
  }
}

/** The handles as they settle, the first to settle first. (After `concurrent.futures.as_completed`.) */
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
