import type {
  DispatchArgs,
  DispatchedTask,
  DispatchOptions,
  HandlerClass,
  RunArgs,
  RunOptions,
  RunResult,
  TaskMethod,
} from '../../contract/task-handlers.js';
import type { SubmitOptions, TaskContext, TaskHandle, TaskStatus } from '../../contract/tasks.js';
import { checkSubmission } from '../../definition/submission.js';
import { BackgroundWorkerError } from '../../shared/errors.js';
import { dispatchTo } from './dispatch.js';
import { runHere } from './run.js';
import { whenIdle } from '../ending/drain.js';
import { mapTasks } from './map.js';
import type { TaskPool } from '../pool/pool.js';
import type { AppTasks } from '../app-tasks.js';
import { DEFAULT_POOL } from '../pool/pools.js';
import { notSupported } from '../wire/transport.js';
import { selfJoin } from '../../shared/self-join.js';
import { specOf } from '../pool/task-spec.js';
import { Task, type TaskFunction } from '../pool/task.js';

/** What tasks need of the app; any call finds the handlers first. */
export interface TaskHost {
  tasks(): AppTasks;
}
export const TASK_HOST = Symbol('nestjs-background-worker:task-host');

/**
 * Work that outlives the request that asked for it: bounded, retried, cancelled, drained when the app stops. Inject it anywhere.
 *
 * @example
 * ```ts
 * const signUp = (tasks: BackgroundTasks, address: string) =>
 *   tasks.submit((ctx) => fetch(`https://example.com/welcome/${address}`, { signal: ctx.signal }), { retries: 3 });
 * ```
 */
export class BackgroundTasks {
  private found: { readonly app: AppTasks; readonly pool: TaskPool } | undefined;

  /** @param name of the pool in the module's option `pools` */
  constructor(
    private readonly host: TaskHost,
    private readonly name: string = DEFAULT_POOL,
  ) {}

  /**
   * Answers at once, and begins the function later, in a context of its own: nothing of the request is visible in it.
   * @throws BackgroundWorkerError `BGW_QUEUE_FULL`, `BGW_SHUTTING_DOWN`, `BGW_INVALID_OPTION`; never because of the task itself
   */
  submit<T>(fn: (ctx: TaskContext) => T | PromiseLike<T>, options?: SubmitOptions): TaskHandle<T> {
    checkSubmission('submit', fn, options);
    const task = this.taskOf(fn, options);
    this.at.pool.add(task, options?.delay, options?.signal);
    return task;
  }

  /** Waits for room, unless `signal` aborts: the handle is cancelled then. Rejects with `BGW_SHUTTING_DOWN`, `BGW_INVALID_OPTION`. */
  async submitWhenFree<T>(
    fn: (ctx: TaskContext) => T | PromiseLike<T>,
    options?: SubmitOptions,
  ): Promise<TaskHandle<T>> {
    checkSubmission('submitWhenFree', fn, options);
    const task = this.taskOf(fn, options);
    await this.at.pool.addWhenFree(task, options?.delay, options?.signal);
    return task;
  }

  /**
   * In input order; at most `concurrency` (default: the pool's) are begun and not yet taken. The first failure throws at its
   * place and cancels the rest, as `break` does. (After Python's `Executor.map`.)
   */
  map<I, T>(
    items: Iterable<I> | AsyncIterable<I>,
    fn: (item: I, ctx: TaskContext) => T | PromiseLike<T>,
    options?: SubmitOptions & { concurrency?: number },
  ): AsyncIterable<T> {
    checkSubmission('map', fn, options);
    const { concurrency = this.at.pool.concurrency, ...each } = options ?? {};
    return mapTasks(
      items,
      (item: I) => {
        const task = this.taskOf<T>((ctx) => fn(item, ctx), { name: fn.name || undefined, ...each });
        void this.at.pool.addWhenFree(task, each.delay, each.signal);
        return task;
      },
      concurrency,
    );
  }

  /**
   * To a handler through the configured transport, as JSON. Rejects with `BGW_NOT_JSON`, `BGW_PAYLOAD_REFUSED`,
   * `BGW_UNKNOWN_HANDLER`, `BGW_NO_CONSUMER`, `BGW_QUEUE_FULL`, `BGW_SHUTTING_DOWN`, `BGW_INVALID_OPTION`.
   */
  async dispatch<C, M extends TaskMethod<C>>(
    handler: HandlerClass<C>,
    method: M,
    ...args: DispatchArgs<C, M>
  ): Promise<DispatchedTask> {
    const [payload, options] = args as [unknown, DispatchOptions?];
    return await dispatchTo(this.at.app, handler, method, payload, options);
  }

  /**
   * A handler in this process, with a copy of the payload (`structuredClone`), and with its result. Not retried unless
   * `retries` says so; its time-out and backoff are the handler's unless given.
   * @throws BackgroundWorkerError as `submit`, and `BGW_UNKNOWN_HANDLER`; a DataCloneError where the payload cannot be copied
   */
  run<C, M extends TaskMethod<C>>(
    handler: HandlerClass<C>,
    method: M,
    ...args: RunArgs<C, M>
  ): TaskHandle<RunResult<C, M>> {
    const [payload, options] = args as [unknown, RunOptions?];
    const { app, pool } = this.at;
    const task = runHere(app, this.name === DEFAULT_POOL ? undefined : pool, handler, method, payload, options);
    return task as Task<RunResult<C, M>>;
  }

  /** Of a task whose id was read, or that was dispatched, while it is remembered: the last 1,000 that have settled are. Rejects with `BGW_NOT_SUPPORTED`. */
  async status(id: string): Promise<TaskStatus | undefined> {
    const { app } = this.at;
    const status = app.status(id);
    if (status) return status;
    if (!app.transport.status) throw notSupported(app.transport, 'status(id) of a task that is not in this process');
    return await app.transport.status(id);
  }

  /** Those that failed for good, the newest first; at most `limit`, default 100. Rejects with `BGW_NOT_SUPPORTED`. */
  async failed({ limit = 100 }: { limit?: number } = {}): Promise<readonly TaskStatus[]> {
    const { app } = this.at;
    const { transport, environment } = app;
    if (!transport.failed) throw notSupported(transport, 'failed()');
    return [...environment.ledger.listFailed(limit), ...(await transport.failed(limit))].slice(0, limit);
  }

  /** Once more from the beginning, under the same id. Rejects with `BGW_UNKNOWN_TASK`, `BGW_QUEUE_FULL`, `BGW_SHUTTING_DOWN`, `BGW_NOT_SUPPORTED`. */
  async retry(id: string): Promise<void> {
    const { app } = this.at;
    const { transport } = app;
    if (app.retry(id)) return;
    if (!transport.retry) throw notSupported(transport, 'retry(id)');
    if (await transport.retry(id)) return;
    throw new BackgroundWorkerError('BGW_UNKNOWN_TASK', `no failed task ${id} is remembered`);
  }

  /**
   * Resolves once nothing is left in this pool, or `timeout` milliseconds have passed: the log names what is left then.
   * @param options `cancelQueued`: what has not begun never does. (After Python's `Executor.shutdown(cancel_futures=True)`.)
   */
  drain(options: { timeout?: number; cancelQueued?: boolean } = {}): Promise<void> {
    const { app, pool } = this.at;
    const pools = app.pools.drainedWith(pool);
    if (options.cancelQueued) for (const one of pools) one.cancelWaiting();
    const { owner } = app.environment.inside;
    if (owner && pools.some((one) => [...one.running].some((task) => task === owner)))
      return selfJoin(`a task of pool "${pool.name}"`, 'drain');
    return whenIdle(app.environment, pools, options.timeout);
  }

  private taskOf<T>(fn: TaskFunction<T>, options: SubmitOptions | undefined): Task<T> {
    const { pool } = this.at;
    return new Task<T>(pool, fn, specOf(pool.environment, options));
  }

  private get at(): NonNullable<BackgroundTasks['found']> {
    if (this.found) return this.found;
    const app = this.host.tasks();
    return (this.found = { app, pool: app.pools.get(this.name) });
  }
}
