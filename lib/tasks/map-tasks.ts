import type { SubmitOptions, TaskContext, TaskHandle } from '../contract/tasks.js';

type Submit = <T>(fn: (ctx: TaskContext) => T | PromiseLike<T>, options: SubmitOptions) => Promise<TaskHandle<T>>;

/** In input order, with at most `concurrency` tasks begun and not yet taken. (After `concurrent.futures.Executor.map`, which buffers all.) */
export async function* mapTasks<I, T>(
  submit: Submit,
  items: Iterable<I> | AsyncIterable<I>,
  fn: (item: I, ctx: TaskContext) => T | PromiseLike<T>,
  concurrency: number,
  options: SubmitOptions,
): AsyncGenerator<T> {
  const ahead: TaskHandle<T>[] = [];
  try {
    for await (const item of items) {
      const handle = await submit<T>((ctx) => fn(item, ctx), options);
      void handle.result;
      ahead.push(handle);
      if (ahead.length >= concurrency) yield await taken(ahead);
    }
    while (ahead.length > 0) yield await taken(ahead);
  } finally {
    for (const handle of ahead) handle.cancel();
  }
}

async function taken<T>(ahead: TaskHandle<T>[]): Promise<T> {
  const result = await ahead[0]?.result;
  ahead.shift();
  return result as T;
}

/** The handles as they settle, the first to settle first. (After `concurrent.futures.as_completed`.) */
export async function* asCompleted<T>(handles: Iterable<TaskHandle<T>>): AsyncGenerator<TaskHandle<T>> {
  const settled: TaskHandle<T>[] = [];
  let wake = (): void => undefined;
  let open = 0;
  for (const handle of handles) {
    open += 1;
    void handle.join().then(() => {
      settled.push(handle);
      wake();
    });
  }
  for (; open > 0; open -= 1) {
    if (settled.length === 0) await new Promise<void>((resolve) => (wake = resolve));
    const next = settled.shift();
    if (next) yield next;
  }
}
