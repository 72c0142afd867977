import type { TaskHandle } from '../../contract/tasks.js';
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
