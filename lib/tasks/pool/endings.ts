import { BackgroundWorkerError, messageOf, type WorkerAborted } from '../../shared/errors.js';
import { engineRetryIn } from './engine.js';
import type { TaskEnvironment } from './task-environment.js';
import { DONE, type Ending, type Task } from './task.js';

export type Bad = Exclude<Ending<unknown>, { type: 'done' }>['type'];
const EVENTS = { failed: 'taskFailed', cancelled: 'taskCancelled', discarded: 'taskDiscarded' } as const;
const OTHERS = ['taskQueued', 'taskStarted', 'taskCompleted', 'taskRetrying', 'taskHandedBack'] as const;
type Told = (typeof EVENTS)[Bad] | (typeof OTHERS)[number];
/** What `tell` tells. */
export const TOLD: readonly Told[] = [...Object.values(EVENTS), ...OTHERS];

/** An event, where somebody listens. */
export function tell({ hub, audience }: TaskEnvironment, type: Told, task: Task<unknown>, error?: unknown): void {
  if (!audience.isThere || !hub.wants(type)) return;
  const { id, attempts: attempt } = task;
  hub.emit({ task: id }, { type, error, attempt });
}

export function endWell(site: TaskEnvironment, task: Task<unknown>, value: unknown): void {
  task.settle(value === undefined ? DONE : { type: 'done', value });
  if (task.isNamed) site.ledger.settled(task);
  site.ended('drained');
  tell(site, 'taskCompleted', task);
}

/** Any other end of a task: its result rejects, and it is an event. */
export function endBadly(site: TaskEnvironment, task: Task<unknown>, type: Bad, error: unknown): void {
  const retryIn = type === 'failed' ? engineRetryIn(task, error) : undefined;
  settleBadly(site, task, type, error, retryIn === undefined ? EVENTS[type] : 'taskRetrying');
  site.ended('drained');
  if (retryIn !== undefined) return site.retrying(task, error, retryIn);
  if (type !== 'failed') return;
  site.ledger.failed(task);
  site.gaveUp(task, error);
}

/** For a newer one. */
export function endGivenUp(site: TaskEnvironment, task: Task<unknown>, pool: string): void {
  const message = `the task ${task.name} was given up for a newer one: pool "${pool}" was full`;
  const error = new BackgroundWorkerError('BGW_TASK_DISCARDED', message);
  site.discarded(pool);
  if (task.spec.engine) return endHandedBack(site, task, 'discarded', error);
  endBadly(site, task, 'discarded', error);
}

/** It was told to stop, as the app's time was up, and did. */
export function endCut(site: TaskEnvironment, task: Task<unknown>, reason: WorkerAborted): void {
  if (task.spec.engine) return endHandedBack(site, task, 'cancelled', reason);
  settleBadly(site, task, 'cancelled', reason);
  site.ended('cut');
  site.missed(task, 'cut: the app shut down while it ran');
}

/** The app ends before its turn comes (again). */
export function endLost(
  site: TaskEnvironment,
  task: Task<unknown>,
  last: { readonly error: unknown } | undefined,
): void {
  const when = last ? `before attempt ${task.attempts + 1}` : 'before it began';
  const message = `the task ${task.name} is lost: the app shut down ${when}`;
  const error = new BackgroundWorkerError('BGW_SHUTTING_DOWN', message, last && { cause: last.error });
  if (task.spec.engine) return endHandedBack(site, task, 'discarded', error);
  settleBadly(site, task, 'discarded', error);
  site.ended('lost');
  site.missed(task, `lost: the app shut down ${when}${last ? `; last failure: ${messageOf(last.error)}` : ''}`);
}

/** This process is done with it, and its engine is not: nothing is lost. */
function endHandedBack(site: TaskEnvironment, task: Task<unknown>, type: Bad, error: unknown): void {
  settleBadly(site, task, type, error, 'taskHandedBack');
  site.ended('handedBack');
}

function settleBadly(
  site: TaskEnvironment,
  task: Task<unknown>,
  type: Bad,
  error: unknown,
  told: Told = EVENTS[type],
): void {
  task.settle({ type, error });
  if (task.isNamed) site.ledger.settled(task);
  tell(site, told, task, error);
}
