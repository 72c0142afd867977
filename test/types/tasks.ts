/** Compiled by `npm run typecheck`, never run: tasks, handlers, dispatch and run. */
import * as v from 'valibot';
import { z } from 'zod';
import {
  BackgroundTask,
  asCompleted,
  type BackgroundTasks,
  type DispatchedTask,
  type Parsed,
  type StandardSchemaV1,
  type TaskContext,
  type TaskHandle,
  type TaskStatus,
} from '../../lib/index.js';

declare const digits: StandardSchemaV1<{ n: string }, { n: number }>;

class Mailer {
  constructor(readonly name: string) {}

  @BackgroundTask({ name: 'mail', retries: 3, timeout: 5 })
  async send(payload: { to: string; cc?: string }, ctx: TaskContext): Promise<number> {
    return payload.to.length + ctx.attempt;
  }

  @BackgroundTask()
  nothing(): string {
    return 'x';
  }

  @BackgroundTask()
  maybe(_payload?: { a: number }): void {}

  @BackgroundTask({ payload: digits })
  parsed(payload: Parsed<typeof digits>): number {
    return payload.n;
  }

  @BackgroundTask()
  binary(_payload: { bytes: Uint8Array; at: Date }): void {}

  // @ts-expect-error the schema's output has no such property
  @BackgroundTask({ payload: digits })
  wrong(_payload: { m: number }): void {}
}

export async function submit(tasks: BackgroundTasks): Promise<void> {
  const handle: TaskHandle<number> = tasks.submit(async (ctx) => ctx.attempt);
  const result: number = await handle.result;
  const joined: boolean = await handle.join({ timeout: 5 });
  const free: TaskHandle<string> = await tasks.submitWhenFree(() => 'x', { context: 'inherit', retries: 1 });
  for await (const one of tasks.map([1, 2], (item: number) => `${item}`, { concurrency: 2 })) one.trim();
  for await (const one of asCompleted([handle])) one.cancel('why');
  const status: TaskStatus | undefined = await tasks.status('x');
  await tasks.drain({ timeout: 5, cancelQueued: true });
  void [result, joined, free, status, await tasks.failed({ limit: 5 }), await tasks.retry('x')];

  // @ts-expect-error no such option
  tasks.submit(() => 1, { retry: 1 });
  // @ts-expect-error read only
  handle.state = 'done';
}

export async function dispatch(tasks: BackgroundTasks): Promise<void> {
  const sent: DispatchedTask = await tasks.dispatch(Mailer, 'send', { to: 'x' }, { delay: 5, id: 'y' });
  await tasks.dispatch(Mailer, 'nothing');
  await tasks.dispatch(Mailer, 'nothing', undefined, { delay: 1 });
  await tasks.dispatch(Mailer, 'maybe');
  await tasks.dispatch(Mailer, 'maybe', { a: 1 });
  await tasks.dispatch(Mailer, 'parsed', { n: '5' });
  void sent;

  // @ts-expect-error the payload is needed
  await tasks.dispatch(Mailer, 'send');
  // @ts-expect-error not what the handler takes
  await tasks.dispatch(Mailer, 'send', { to: 5 });
  // @ts-expect-error what goes in, not what comes out
  await tasks.dispatch(Mailer, 'parsed', { n: 5 });
  // @ts-expect-error no method
  await tasks.dispatch(Mailer, 'name');
  // @ts-expect-error JSON carries neither bytes nor dates
  await tasks.dispatch(Mailer, 'binary', { bytes: new Uint8Array(1), at: new Date() });
}

export async function run(tasks: BackgroundTasks): Promise<void> {
  const result: number = await tasks.run(Mailer, 'send', { to: 'x' }, { timeout: 5 }).result;
  const text: string = await tasks.run(Mailer, 'nothing').result;
  tasks.run(Mailer, 'binary', { bytes: new Uint8Array(1), at: new Date() }, { transfer: [new ArrayBuffer(1)] });
  void [result, text];

  // @ts-expect-error the payload is needed
  tasks.run(Mailer, 'send');
}

const signUp = z.object({ at: z.string().transform((text) => new Date(text)) });
const alert = v.object({ at: v.pipe(v.string(), v.transform(Number)), level: v.optional(v.string(), 'info') });

class SignUps {
  @BackgroundTask({ payload: signUp })
  zod(payload: Parsed<typeof signUp>): Date {
    return payload.at;
  }

  @BackgroundTask({ payload: alert })
  valibot(payload: Parsed<typeof alert>): string {
    return payload.level + payload.at.toFixed();
  }
}

export async function schemas(tasks: BackgroundTasks): Promise<void> {
  await tasks.dispatch(SignUps, 'zod', { at: '2030-01-01' });
  await tasks.dispatch(SignUps, 'valibot', { at: '5' });
  const at: Date = await tasks.run(SignUps, 'zod', { at: new Date() }).result;
  void at;

  // @ts-expect-error what goes in, not what comes out
  await tasks.dispatch(SignUps, 'zod', { at: new Date() });
  // @ts-expect-error what goes in, not what comes out
  await tasks.dispatch(SignUps, 'valibot', { at: 5 });
  // @ts-expect-error what the handler takes
  tasks.run(SignUps, 'zod', { at: '2030-01-01' });
}
