import { randomUUID } from 'node:crypto';
import type { DispatchedTask, DispatchOptions, HandlerClass, RunOptions } from '../contract/task-handlers.js';
import type { TaskContext } from '../contract/tasks.js';
import { capture } from '../units/unit-runner.js';
import { jsonOf } from './json.js';
import { parsed } from './payload.js';
import type { TaskPool } from './pool.js';
import type { TaskRoom } from './room.js';
import { backoffOver, checkDispatch, checkOptions, specOf } from './spec.js';
import { Task } from './task.js';

/** Through the transport, as JSON. The schema is asked of that JSON, here and where it is handled; what is sent is its input. */
export async function dispatchTo(
  room: TaskRoom,
  by: HandlerClass<unknown>,
  method: string,
  payload: unknown,
  options: DispatchOptions = {},
): Promise<DispatchedTask> {
  checkDispatch(options);
  const { registry, transport, site } = room;
  const headers = capture(site.interceptors);
  const { name, retries, backoff, payload: schema } = registry.definitionOf(by, method);
  const json = jsonOf(payload);
  if (schema) await parsed(name, schema, json);
  site.assertOpen(room.poolOf(name).name);
  const { id = randomUUID(), ...sending } = options;
  await transport.send({ id, name, payload: json, headers }, { ...sending, retries, backoff });
  return { id };
}

/**
 * In this process, with a copy of the payload. Each attempt gets a further copy, so that none sees what another has changed;
 * what was transferred cannot be copied, and is the same for all.
 * @param pool default: the handler's
 */
export function runHere(
  room: TaskRoom,
  pool: TaskPool | undefined,
  by: HandlerClass<unknown>,
  method: string,
  payload: unknown,
  given: RunOptions = {},
): Task<unknown> {
  const { name, timeout, backoff } = room.registry.definitionOf(by, method);
  const handler = room.registry.get(name);
  checkOptions('run', given);
  const { transfer = [], ...options } = given;
  const into = pool ?? room.poolOf(name);
  into.assertRoom();
  const copy: unknown = structuredClone(payload, { transfer: [...transfer] as ArrayBuffer[] });
  const fn = (ctx: TaskContext): unknown => handler.call(transfer.length > 0 ? copy : structuredClone(copy), ctx);
  const spec = specOf(room.site, options, {
    name: options.name ?? name,
    timeout: options.timeout ?? timeout,
    backoff: backoffOver(backoff, options.backoff),
  });
  const task = new Task<unknown>(into, fn, spec);
  into.add(task, options.delay, options.signal);
  return task;
}
