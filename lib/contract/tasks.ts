import type { LoggerService } from '@nestjs/common';
import type { BackoffOptions } from '../shared/backoff.js';
import type { UnitContext } from './contexts.js';

/**
 * What a task is given.
 *
 * @example
 * ```ts
 * async function importRows(rows: readonly string[], { attempt, logger, progress }: TaskContext) {
 *   logger.log(`attempt ${attempt}`);
 *   rows.forEach((_row, nr) => progress(nr + 1, rows.length));
 * }
 * ```
 */
export interface TaskContext extends UnitContext {
  /** 1 for the first. */
  readonly attempt: number;
  readonly logger: LoggerService;
  /** Told to whoever asks for the task's status, and an event. */
  progress(done: number, total?: number): void;
}

/**
 * 'retrying' waits for its next attempt; the last four are ends. 'discarded' was given up for a newer one in a full pool.
 *
 * @example
 * ```ts
 * const SETTLED: readonly TaskState[] = ['done', 'failed', 'cancelled', 'discarded'];
 * ```
 */
export type TaskState = 'queued' | 'running' | 'retrying' | 'done' | 'failed' | 'cancelled' | 'discarded';

/**
 * One submitted call. (After Python's `concurrent.futures.Future`.)
 *
 * @example
 * ```ts
 * async function atMost(handle: TaskHandle<string>, timeout: number) {
 *   if (await handle.join({ timeout })) return await handle.result;
 *   handle.cancel('took too long');
 *   return undefined;
 * }
 * ```
 */
export interface TaskHandle<T> {
  readonly id: string;
  readonly state: TaskState;
  /** Made when first read; an unread failure is an event and a log line, never an unhandledRejection. */
  readonly result: Promise<T>;
  /** Before it began: it never does. While it runs: its signal aborts. false where it is too late. */
  cancel(reason?: unknown): boolean;
  /**
   * true once it has settled, false on time-out.
   * @param options `timeout` in milliseconds; default: none
   */
  join(options?: { timeout?: number }): Promise<boolean>;
}

/**
 * Times are milliseconds.
 *
 * @example
 * ```ts
 * const options: SubmitOptions = { name: 'welcome mail', retries: 3, backoff: { max: 10_000 }, timeout: 5_000 };
 * const send = (tasks: BackgroundTasks) =>
 *   tasks.submit(({ signal }) => fetch('https://example.com/mail', { method: 'POST', signal }), options);
 * ```
 */
export interface SubmitOptions {
  /** For the log and events. Default: the function's name. */
  name?: string;
  /** 'root' (default): nothing of a request's AsyncLocalStorage; 'inherit': the caller's context, on purpose. */
  context?: 'root' | 'inherit';
  /** Before the first attempt. Default 0. (After `threading.Timer`.) */
  delay?: number;
  /** Attempts after the first that failed. Default 0. */
  retries?: number;
  backoff?: Partial<BackoffOptions>;
  /** Of one attempt. Default: none. The result rejects at once; the slot is free when the function has settled. */
  timeout?: number;
  /** Cancels the task when it aborts. */
  signal?: AbortSignal;
}

/**
 * Bounds of a task pool. Counts are of tasks.
 *
 * @example
 * ```ts
 * const mail: PoolOptions = { concurrency: 2, queue: 500, onFull: 'reject' };
 * const module = BackgroundWorkerModule.forRoot({ pools: { mail } });
 * ```
 */
export interface PoolOptions {
  /** Tasks at a time. Default min(32, cpus + 4), as Python's ThreadPoolExecutor. */
  concurrency?: number;
  /** Tasks that may wait. Default 1_000. */
  queue?: number;
  /** Default 'reject'. */
  onFull?: 'reject' | 'discard-oldest';
}

/**
 * What is remembered of a task; the last 1,000 that have settled are.
 *
 * @example
 * ```ts
 * const line = ({ id, state, progress }: TaskStatus) => `${id}: ${state}, ${progress?.done ?? 0} done`;
 * ```
 */
export interface TaskStatus {
  readonly id: string;
  readonly name: string;
  readonly state: TaskState;
  readonly attempt: number;
  readonly progress?: { readonly done: number; readonly total?: number };
  readonly error?: string;
}
