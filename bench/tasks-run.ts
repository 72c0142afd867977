/** One contender in a process of its own, started by tasks.ts: its name, how many tasks wait at once, whether hooks are on. */
import { AsyncLocalStorage } from 'node:async_hooks';
import { contend } from './contestant.js';
import { contender } from './tasks-contenders.js';

const TASKS = 20_000;
const [, , name = '', waiting = '', hooks = ''] = process.argv;
// As OpenTelemetry, Sentry or nestjs-cls do: entered once, Node 20 and 22 follow every promise for it.
if (hooks === 'on') new AsyncLocalStorage().run(0, () => undefined);

const atOnce = Number(waiting);
const { run } = await contender(name, atOnce);

contend(TASKS, async () => {
  for (let done = 0; done < TASKS; done += atOnce) await run(atOnce);
});
