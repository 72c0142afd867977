/** In plain Node, started by tasks.ts. All contenders take turns in this one process, in which a Nest app with the module runs. */
import 'reflect-metadata';
import { cpus, loadavg } from 'node:os';
import { Inject, Injectable, Module, Scope } from '@nestjs/common';
import { ContextIdFactory, ModuleRef, NestFactory } from '@nestjs/core';
import {
  BackgroundTasks,
  BackgroundWorkerModule,
  BackgroundWorkers,
  InjectTaskPool,
  type UnitContext,
} from '../lib/index.js';
import { CONCURRENCY, peers, type Contender } from './tasks-peers.js';

const ROUNDS = Number(process.env['ROUNDS'] ?? 21);
const TASKS = 20_000;
const MANY = 1_000_000;
const MEMORY_ROUNDS = 5;
const WAITING = 50_000;

@Injectable({ scope: Scope.REQUEST })
class Scoped {}

@Injectable()
class Held {
  constructor(
    @InjectTaskPool('held') readonly tasks: BackgroundTasks,
    @Inject(ModuleRef) readonly moduleRef: ModuleRef,
  ) {}
}

@Module({
  imports: [
    BackgroundWorkerModule.forRoot({
      enabled: true,
      pool: { concurrency: CONCURRENCY, queue: TASKS },
      pools: { held: { concurrency: CONCURRENCY, queue: WAITING } },
    }),
  ],
  providers: [Scoped, Held],
})
class AppModule {}

const app = await NestFactory.createApplicationContext(AppModule, { logger: ['error'] });
const tasks = app.get(BackgroundTasks);
const { moduleRef } = app.get(Held);

let ended = 0;
let onEnd = (): void => undefined;
const work = async (): Promise<void> => {
  ended += 1;
};
const counted = async (): Promise<void> => {
  if (++ended === TASKS) onEnd();
};
const each = (count: number, fn: (index: number) => unknown): void => {
  for (let index = 0; index < count; index += 1) fn(index);
};

const ours: readonly Contender[] = [
  {
    name: 'submit, results awaited',
    run: (count) => Promise.all(Array.from({ length: count }, () => tasks.submit(work).result)),
    hold: (count, stuck) => {
      const held = app.get(Held).tasks;
      const results = Array.from({ length: count }, () => held.submit(stuck).result);
      return { ended: () => Promise.all(results) };
    },
  },
  {
    name: 'submit, fire-and-forget',
    run: (count) =>
      new Promise<void>((resolve) => {
        ended = 0;
        onEnd = resolve;
        each(count, () => tasks.submit(counted));
      }),
  },
];

/** Waits for each before the next: no queue, nothing shared. */
const oneByOne = async (count: number, call: () => unknown): Promise<void> => {
  for (let done = 0; done < count; done += 1) await call();
};
type UnitWork = (unit: UnitContext) => unknown;
/** Calls in a worker's loop, measured from within. */
let inLoop: (count: number, fn: UnitWork) => Promise<void>;
const loop = new Promise<void>((resolve) => {
  app.get(BackgroundWorkers).add({
    name: 'bench',
    run: async (ctx) => {
      inLoop = (count, fn) => oneByOne(count, () => ctx.unitOfWork(fn));
      resolve();
      await ctx.sleep(2 ** 30);
    },
  });
});
await loop;

/** Nest's recipe for a DI scope in which nobody finds a request. Not strict: for providers of any module, as `unit.resolve`. */
const recipe = (options?: { strict: boolean }) => (): Promise<Scoped> => {
  const id = ContextIdFactory.create();
  moduleRef.registerRequestByContextId({}, id);
  return moduleRef.resolve(Scoped, id, options);
};
const ofAnyModule = { strict: false };
const RECIPE_IN_UNIT = "DI scope by Nest's recipe, any module, in ctx.unitOfWork, one by one";
const pairs: readonly Contender[] = [
  { name: 'bare call, one by one', run: (count) => oneByOne(count, work) },
  { name: 'submit, one by one', run: (count) => oneByOne(count, () => tasks.submit(work).result) },
  { name: 'ctx.unitOfWork, one by one', run: (count) => inLoop(count, work) },
  { name: "DI scope by Nest's recipe, one by one", run: (count) => oneByOne(count, recipe()) },
  { name: "DI scope by Nest's recipe in ctx.unitOfWork, one by one", run: (count) => inLoop(count, recipe()) },
  { name: RECIPE_IN_UNIT, run: (count) => inLoop(count, recipe(ofAnyModule)) },
  { name: 'DI scope of ctx.unitOfWork, one by one', run: (count) => inLoop(count, (unit) => unit.resolve(Scoped)) },
  {
    name: 'DI scope of a task, one by one',
    run: (count) => oneByOne(count, () => tasks.submit((ctx) => ctx.resolve(Scoped)).result),
  },
];

const median = (values: readonly number[]): number => [...values].sort((a, b) => a - b)[values.length >> 1] ?? NaN;
const contenders = [...(await peers(work)), ...ours, ...pairs];
const samples = new Map(contenders.map(({ name }) => [name, [] as number[]]));
const isOneByOne = (name: string): boolean => name.endsWith('one by one');

for (let round = -3; round < ROUNDS; round += 1) {
  for (const { name, run } of round % 2 === 0 ? contenders : [...contenders].reverse()) {
    const count = name.startsWith('DI scope') ? TASKS / 10 : TASKS;
    // Once unmeasured: nobody pays for the garbage of who came before.
    await run(count);
    await new Promise((resolve) => setImmediate(resolve));
    const begun = process.cpuUsage();
    await run(count);
    const { user, system } = process.cpuUsage(begun);
    const took = ((user + system) * 1_000) / count;
    if (round >= 0) samples.get(name)?.push(took);
  }
}

const to = (name: string, other: string): number => {
  const [mine = [], others = []] = [samples.get(name), samples.get(other)];
  return median(mine.map((took, round) => took / (others[round] ?? NaN)));
};
console.log(
  `${TASKS} tasks at concurrency ${CONCURRENCY}, processor time, median of ${ROUNDS} rounds; Node ${process.version}, ${cpus().length} x ${cpus()[0]?.model}; load ${loadavg()[0]?.toFixed(1)}\n`,
);
console.log('| | ns a task | to fastq |\n|---|--:|--:|');
for (const [name, took] of samples)
  console.log(`| ${name} | ${median(took).toFixed(0)} | ${isOneByOne(name) ? '' : to(name, 'fastq').toFixed(2)} |`);

const heap = async (): Promise<number> => {
  // What is left of those before ends first.
  for (let turn = 0; turn < 3; turn += 1) {
    await new Promise((resolve) => setImmediate(resolve));
    globalThis.gc?.();
  }
  return process.memoryUsage().heapUsed;
};

/** What waits, in turn, until it is let go and has ended. */
async function bytesOf(hold: NonNullable<Contender['hold']>): Promise<number> {
  let release = (): void => undefined;
  const stuck = new Promise<void>((resolve) => (release = resolve));
  const before = await heap();
  const held = hold(WAITING, () => stuck);
  const bytes = ((await heap()) - before) / WAITING;
  release();
  await held.ended();
  return bytes;
}
const waiting = new Map<string, number[]>();
for (let round = 0; round < MEMORY_ROUNDS; round += 1)
  for (const { name, hold } of round % 2 === 0 ? contenders : [...contenders].reverse())
    if (hold) waiting.set(name, [...(waiting.get(name) ?? []), await bytesOf(hold)]);
const bytes = (name: string): number => median(waiting.get(name) ?? []);
console.log(`\n| bytes a waiting task, result asked for, median of ${MEMORY_ROUNDS} | |\n|---|--:|`);
for (const name of waiting.keys()) console.log(`| ${name} | ${bytes(name).toFixed(0)} |`);

const before = await heap();
for (let done = 0; done < MANY; done += TASKS) await ours[1]?.run(TASKS);
const grown = (await heap()) - before;
console.log(`\n${MANY} tasks later the heap is ${(grown / 1024).toFixed(0)} KiB off.\n`);

const goal = (met: boolean, what: string): void => console.log(`${met ? 'met   ' : 'MISSED'} ${what}`);
goal(to('submit, results awaited', 'fastq') <= 0.6, "results awaited: at most 0.6 of fastq's cost");
goal(to('submit, fire-and-forget', 'fastq') <= 0.25, "fire-and-forget: at most 0.25 of fastq's cost");
const mine = bytes(ours[0]!.name);
goal(mine < bytes('fastq') && mine < bytes('p-queue'), "memory a waiting task below fastq's and p-queue's");
goal(grown < 1_048_576, 'a million tasks leave the heap where it was');
const over = (name: string): number =>
  median((samples.get(name) ?? []).map((took, round) => took - (samples.get('bare call, one by one')?.[round] ?? NaN)));
for (const name of ['submit', 'ctx.unitOfWork'])
  goal(
    over(`${name}, one by one`) < 1_000,
    `a unit costs under 1 us over a bare call: ${name} ${over(`${name}, one by one`).toFixed(0)} ns`,
  );
const ofRecipe = to('DI scope of ctx.unitOfWork, one by one', RECIPE_IN_UNIT);
goal(ofRecipe <= 1, `a DI scope costs no more than Nest's recipe in a unit alike: ${ofRecipe.toFixed(2)} of it`);
await app.close();
