import { BackgroundWorkerError, type WorkerAborted } from '../../shared/errors.js';
import type { EventBody } from '../../contract/events.js';
import { engineRetryIn } from './engine.js';
import type { TaskEnvironment, USUAL } from './task-environment.js';
import { DONE, type Ending, type Task } from './task.js';

type Bad = Exclude<Ending<unknown>, { type: 'done' }>['type'];
const EVENTS = { failed: 'taskFailed', cancelled: 'taskCancelled', discarded: 'taskDiscarded' } as const;
type Told = Extract<EventBody, { readonly isRead?: boolean }>;

/** An event that every task is, where somebody listens. */
export function tell({ hub, usualAudience }: TaskEnvironment, type: (typeof USUAL)[number], task: Task<unknown>): void {
  if (!usualAudience.isThere || !hub.wants(type)) return;
  const { id, name, attempts: attempt } = task;
  hub.emit({ task: id }, { type, name, attempt });
}

/** Any other event of a task. */
export function tellOf({ hub }: TaskEnvironment, task: Task<unknown>, told: Told): void {
  if (!hub.wants(told.type)) return;
  const { id, name, attempts: attempt, isRead, pool } = task;
  hub.emit({ task: id }, { name, attempt, isRead, pool: pool.name, ...told });
}

export function tellOfRetry(environment: TaskEnvironment, task: Task<unknown>, error: unknown, retryIn: number): void {
  const { engine, retries } = task.spec;
  const attempts = engine ? task.attempts + engine.attemptsLeft : retries + 1;
  tellOf(environment, task, { type: 'taskRetrying', error, attempts, retryIn });
}

export function endWell(environment: TaskEnvironment, task: Task<unknown>, value: unknown): void {
  task.settle(value === undefined ? DONE : { type: 'done', value });
  if (task.isNamed) environment.ledger.settled(task);
  environment.ends.drained += 1;
  tell(environment, 'taskCompleted', task);
}

/** Any other end of a task: its result rejects, and it is an event. */
export function endBadly(environment: TaskEnvironment, task: Task<unknown>, type: Bad, error: unknown): void {
  const retryIn = type === 'failed' ? engineRetryIn(task, error) : undefined;
  settle(environment, task, type, error);
  environment.ends.drained += 1;
  if (retryIn !== undefined) return tellOfRetry(environment, task, error, retryIn);
  if (type === 'failed') environment.ledger.failed(task);
  tellOf(environment, task, { type: EVENTS[type], error });
}

/** It is given up for a newer one. */
export function endGivenUp(environment: TaskEnvironment, task: Task<unknown>): void {
  const message = `the task ${task.name} was given up for a newer one: pool "${task.pool.name}" was full`;
  const error = new BackgroundWorkerError('BGW_TASK_DISCARDED', message);
  if (task.spec.engine) endMissed(environment, task, 'discarded', error);
  else endBadly(environment, task, 'discarded', error);
}

/** It was told to stop, as the app's time was up, and did. */
export const endCut = (environment: TaskEnvironment, task: Task<unknown>, reason: WorkerAborted): void =>
  endMissed(environment, task, 'cancelled', reason);

/** The app ends before its turn comes (again). */
export function endLost(
  environment: TaskEnvironment,
  task: Task<unknown>,
  last: { readonly error: unknown } | undefined,
): void {
  const when = last ? `before attempt ${task.attempts + 1}` : 'before it began';
  const message = `the task ${task.name} is lost: the app shut down ${when}`;
  const error = new BackgroundWorkerError('BGW_SHUTTING_DOWN', message, last && { cause: last.error });
  endMissed(environment, task, 'discarded', error);
}

/** This process is done with it. What an engine owns is the engine's again: nothing is lost. */
function endMissed(
  environment: TaskEnvironment,
  task: Task<unknown>,
  type: 'cancelled' | 'discarded',
  error: unknown,
): void {
  settle(environment, task, type, error);
  environment.ends[task.spec.engine ? 'handedBack' : type === 'cancelled' ? 'cut' : 'lost'] += 1;
  tellOf(environment, task, { type: task.spec.engine ? 'taskHandedBack' : EVENTS[type], error });
}

function settle({ ledger }: TaskEnvironment, task: Task<unknown>, type: Bad, error: unknown): void {
  task.settle({ type, error });
  if (task.isNamed) ledger.settled(task);
}
