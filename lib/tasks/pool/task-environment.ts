import type { Audience } from '../../events/event-hub.js';
import type { BackgroundWorkerError } from '../../shared/errors.js';
import type { Attempt, AttemptSite } from './attempt.js';
import type { Ledger } from './ledger.js';
import type { Ends } from '../ending/stop-report.js';
import type { Task } from './task.js';

/** What all pools of an app share. */
export interface TaskEnvironment extends AttemptSite {
  readonly ledger: Ledger;
  /** What cannot begin by then is lost at once; Infinity while the app runs. */
  readonly until: number;
  /** Of a task's events. */
  readonly audience: Audience;
  /** @throws BackgroundWorkerError `BGW_SHUTTING_DOWN` */
  assertOpen(pool: string): void;
  /** Told of every task when it is submitted, in its submitter's context. */
  accepted(task: Task<unknown>): void;
  /** Told of a task given up for a newer one. */
  discarded(pool: string): void;
  /** What a submission is answered that comes too late. */
  closed(pool: string): BackgroundWorkerError;
  /** What a submission is answered that finds no room. */
  full(pool: string, load: number): BackgroundWorkerError;
  /** Must not throw. @param willRetryIn absent where there is no next try */
  onError(attempt: Attempt, error: unknown, willRetryIn: number | undefined): void;
  /** Told of every end, for the count at the end of the app. */
  ended(how: keyof Ends): void;
  /** Told of an attempt that failed and is not the last. */
  retrying(task: Task<unknown>, error: unknown, wait: number): void;
  /** Told of a task that failed for good. */
  gaveUp(task: Task<unknown>, error: unknown): void;
  /** Told of a task that the end of the app was too early for. */
  missed(task: Task<unknown>, what: string): void;
}
