import type { LoggerService } from '@nestjs/common';
import type { BackoffOptions } from '../shared/backoff.js';
import type { UnitContext } from './contexts.js';

/** What a task is given. */
export interface TaskContext extends UnitContext {
  /** 1 for the first. */
  readonly attempt: number;
  readonly logger: LoggerService;
  /** Told to whoever asks for the task's status, and an event. */
  progress(done: number, total?: number): void;
}

export type TaskState = 'queued' | 'running' | 'retrying' | 'done' | 'failed' | 'cancelled' | 'discarded';

/** One submitted call. (After Python's `concurrent.futures.Future`.) */
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

/** Times are milliseconds. */
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

export interface PoolOptions {
  /** Tasks at a time. Default min(32, cpus + 4), as Python's ThreadPoolExecutor. */
  concurrency?: number;
  /** Tasks that may wait. Default 1_000. */
  queue?: number;
  /** Default 'reject'. */
  onFull?: 'reject' | 'discard-oldest';
}

export interface TaskStatus {
  readonly id: string;
  readonly name: string;
  readonly state: TaskState;
  readonly attempt: number;
  readonly progress?: { readonly done: number; readonly total?: number };
  readonly error?: string;
}
