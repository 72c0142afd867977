/** One app, in a process of its own, started by tax.ts with the name of what is at work in it: what a promise costs there. */
import 'reflect-metadata';
import { Module, type INestApplicationContext, type Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import {
  BackgroundTasks,
  BackgroundWorker,
  BackgroundWorkerModule,
  type BackgroundWorkerModuleOptions,
  type TickContext,
  type WorkerContext,
} from 'nestjs-background-worker';
import { contend } from './contestant.js';
import { NEIGHBOURS, type Imports } from './tax-adapters.js';

const HOPS = 200_000;
const OFTEN = 20;

@BackgroundWorker({ every: OFTEN })
class Tick {
  async run(ctx: TickContext): Promise<void> {
    await ctx.sleep(1);
  }
}

@BackgroundWorker()
class Loop {
  async run(ctx: WorkerContext): Promise<void> {
    for await (const _ of ctx.ticks(OFTEN)) await ctx.unitOfWork((unit) => unit.sleep(1));
  }
}

interface App {
  readonly imports?: Imports;
  readonly workers?: readonly Type[];
  readonly atWork?: (app: INestApplicationContext) => void;
}

const ours = (options: BackgroundWorkerModuleOptions = {}): Imports => [BackgroundWorkerModule.forRoot(options)];
const guard = { mode: 'on', key: `tax-${process.pid}` } as const;
const around = { around: (_unit: object, next: () => Promise<unknown>) => next() };
const submitting = (app: INestApplicationContext): void =>
  void setInterval(() => app.get(BackgroundTasks).submit((ctx) => ctx.sleep(1)), OFTEN);

const APPS: Readonly<Record<string, App>> = {
  bare: {},
  module: { imports: ours() },
  tick: { imports: ours(), workers: [Tick] },
  loop: { imports: ours(), workers: [Loop] },
  tasks: { imports: ours(), atWork: submitting },
  interceptor: { imports: ours({ units: [around] }), workers: [Tick] },
  everything: { imports: ours({ guard }), workers: [Tick, Loop], atWork: submitting },
};

/** `typeorm`: the package alone; `/typeorm`: with our module, a tick, and the adapter around it. */
async function withNeighbour(name: string): Promise<App> {
  const { module, adapter, request } = await NEIGHBOURS[name.replace('/', '')]!();
  if (name.startsWith('/')) return { imports: [...ours(), module, adapter], workers: [Tick] };
  return { imports: [module], atWork: (app) => request((token) => app.get(token)) };
}

const [, , name = ''] = process.argv;
const { imports = [], workers = [], atWork } = APPS[name] ?? (await withNeighbour(name));
class Root {}
Module({ imports, providers: [...workers] })(Root);
const app = await NestFactory.createApplicationContext(Root, { logger: ['warn', 'error'] });
app.enableShutdownHooks();
atWork?.(app);
// All that is at work has begun, and has ended once.
await new Promise((resolve) => setTimeout(resolve, 5 * OFTEN));

contend(HOPS, async () => {
  let sum = 0;
  for (let index = 0; index < HOPS; index += 1) sum += await (async () => index)();
  return sum;
});
