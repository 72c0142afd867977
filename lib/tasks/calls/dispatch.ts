import { randomUUID } from 'node:crypto';
import type { DispatchedTask, DispatchOptions, HandlerClass } from '../../contract/task-handlers.js';
import { capture } from '../../units/unit-runner.js';
import { jsonOf } from '../wire/json.js';
import { parsed } from '../wire/payload.js';
import type { AppTasks } from '../app-tasks.js';
import { checkDispatch } from '../../definition/submission.js';

/** Through the transport, as JSON. The schema is asked of that JSON, here and where it is handled; what is sent is its input. */
export async function dispatchTo(
  app: AppTasks,
  by: HandlerClass<unknown>,
  method: string,
  payload: unknown,
  options: DispatchOptions = {},
): Promise<DispatchedTask> {
  checkDispatch(options);
  const { handlers, transport, environment } = app;
  const headers = capture(environment.interceptors);
  const { name, retries, backoff, payload: schema } = handlers.definitionOf(by, method);
  const json = jsonOf(payload);
  if (schema) await parsed(name, schema, json);
  environment.intake.assertOpen(app.pools.ofHandler(name).name);
  const { id = randomUUID(), ...sending } = options;
  await transport.send({ id, name, payload: json, headers }, { ...sending, retries, backoff });
  return { id };
}
