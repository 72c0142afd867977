import type { SubmitOptions } from '../contract/tasks.js';
import { BackgroundWorkerError } from '../shared/errors.js';
import type { BackgroundTasks } from '../tasks/calls/background-tasks.js';
import type { TaskFunction } from '../tasks/pool/task.js';

const HOOKS = Symbol.for('nestjs-background-worker:commit-hooks');

/** How an ORM adapter learns of the ends of transactions. `M` is the ORM's manager. */
export interface CommitHooks<M> {
  readonly v: 1;
  /** Where callbacks go: the newest app's. */
  tasks: BackgroundTasks;
  add(manager: M, fn: TaskFunction<unknown>, options: SubmitOptions | undefined): void;
}

/** Kept at the ORM's own object, so that transactions of plain requests find it as well as those of units. */
interface Hooked<M> {
  [HOOKS]?: CommitHooks<M>;
}

/** Of two apps with one ORM object, the newer gets the callbacks. */
export function hookInto<M>(orm: object, tasks: BackgroundTasks, make: () => CommitHooks<M>): void {
  const hooks = ((orm as Hooked<M>)[HOOKS] ??= make());
  hooks.tasks = tasks;
}

/** @throws BackgroundWorkerError `BGW_NOT_REGISTERED` */
export function hooksOf<M>(orm: object, what: string, module: string): CommitHooks<M> {
  const hooks = (orm as Hooked<M>)[HOOKS];
  if (hooks?.v === 1) return hooks;
  throw new BackgroundWorkerError(
    'BGW_NOT_REGISTERED',
    `onCommit(): no app has registered this ${what}: import ${module}.forRoot() and name it there`,
  );
}

export const transactionEnded = (): BackgroundWorkerError =>
  new BackgroundWorkerError(
    'BGW_TRANSACTION_ENDED',
    'onCommit(): the transaction of this manager has ended; call it, and await it all, inside the transaction',
  );
