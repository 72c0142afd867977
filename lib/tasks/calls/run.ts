import type { HandlerClass, RunOptions } from '../../contract/task-handlers.js';
import type { TaskContext } from '../../contract/tasks.js';
import { checkRun } from '../../definition/submission.js';
import type { TaskPool } from '../pool/pool.js';
import type { AppTasks } from '../app-tasks.js';
import { specOf } from '../pool/task-spec.js';
import { Task } from '../pool/task.js';

/**
 * In this process, with a copy of the payload. Each attempt gets a further copy, so that none sees what another has changed;
 * what was transferred cannot be copied, and is the same for all.
 * @param pool default: the handler's
 */
export function runHere(
  app: AppTasks,
  pool: TaskPool | undefined,
  by: HandlerClass<unknown>,
  method: string,
  payload: unknown,
  given: RunOptions = {},
): Task<unknown> {
  const { name, timeout, backoff: own } = app.handlers.definitionOf(by, method);
  const handler = app.handlers.get(name);
  const backoff = checkRun(given, own);
  const { transfer = [], ...options } = given;
  const into = pool ?? app.pools.ofHandler(name);
  into.assertRoom();
  const copy: unknown = structuredClone(payload, { transfer: [...transfer] as ArrayBuffer[] });
  const fn = (ctx: TaskContext): unknown => handler.call(transfer.length > 0 ? copy : structuredClone(copy), ctx);
  const spec = specOf(app.environment, options, {
    name: options.name ?? name,
    timeout: options.timeout ?? timeout,
    backoff,
  });
  const task = new Task<unknown>(into, fn, spec);
  into.add(task, options.delay, options.signal);
  return task;
}
