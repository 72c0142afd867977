import type { TaskHandle } from '../contract/tasks.js';

/** In input order, with at most `ahead` tasks begun and not yet taken. (After `concurrent.futures.Executor.map`, which buffers all.) */
export async function* mapTasks<I, T>(
  items: Iterable<I> | AsyncIterable<I>,
  submit: (item: I) => Promise<TaskHandle<T>>,
  ahead: number,
): AsyncGenerator<T, void, undefined> {
  const begun: TaskHandle<T>[] = [];
  const taken = async (): Promise<T> => {
    const result = await begun[0]?.result;
    begun.shift();
    return result as T;
  };
  try {
    for await (const item of items) {
      const handle = await submit(item);
      void handle.result;
      begun.push(handle);
      if (begun.length >= ahead) yield await taken();
    }
    while (begun.length > 0) yield await taken();
  } finally {
    for (const handle of begun) handle.cancel();
  }
}

/** The handles as they settle, the first to settle first. (After `concurrent.futures.as_completed`.) */
export async function* asCompleted<T>(
  handles: Iterable<TaskHandle<T>>,
): AsyncGenerator<TaskHandle<T>, void, undefined> {
  const settled: TaskHandle<T>[] = [];
  let wake: (() => void) | undefined;
  let open = 0;
  for (const handle of handles) {
    open += 1;
    void handle
      .join()
      .catch(() => false)
      .then(() => {
        settled.push(handle);
        wake?.();
      });
  }
  for (; open > 0; open -= 1) {
    if (settled.length === 0) await new Promise<void>((resolve) => (wake = resolve));
    const next = settled.shift();
    if (next) yield next;
  }
}
