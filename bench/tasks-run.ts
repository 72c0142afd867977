/** In plain Node, started by tasks.ts. All contenders take turns in this one process, in which a Nest app with the module runs. */
import 'reflect-metadata';
import { cpus, loadavg } from 'node:os';
import { Injectable, Module, Scope } from '@nestjs/common';
import { ContextIdFactory, ModuleRef, NestFactory } from '@nestjs/core';
import { BackgroundTasks, BackgroundWorkerModule, InjectTaskPool } from '../lib/index.js';
import { CONCURRENCY, peers, type Contender } from './tasks-peers.js';

const ROUNDS = Number(process.env['ROUNDS'] ?? 21);
const TASKS = 20_000;
const MANY = 1_000_000;
const WAITING = 50_000;

@Injectable({ scope: Scope.REQUEST })
class Scoped {}

@Injectable()
class Held {
  constructor(@InjectTaskPool('held') readonly tasks: BackgroundTasks) {}
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

const app = await NestFactory.createApplicationContext(AppModule, { logger: ['error', 'warn'] });
const tasks = app.get(BackgroundTasks);
const moduleRef = app.get(ModuleRef);

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
      const { tasks } = app.get(Held);
      return Array.from({ length: count }, () => tasks.submit(stuck).result);
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
  {
    name: 'submit with a DI scope',
    run: async (count) => {
      await Promise.all(Array.from({ length: count }, () => tasks.submit((ctx) => ctx.resolve(Scoped)).result));
    },
  },
];
const recipe: Contender = {
  name: "Nest's recipe for a DI scope",
  run: (count) =>
    Promise.all(
      Array.from({ length: count }, async () => {
        const id = ContextIdFactory.create();
        moduleRef.registerRequestByContextId({}, id);
        return await moduleRef.resolve(Scoped, id, { strict: false });
      }),
    ),
};

const median = (values: readonly number[]): number => [...values].sort((a, b) => a - b)[values.length >> 1] ?? NaN;
const contenders = [...(await peers(work)), ...ours, recipe];
const samples = new Map(contenders.map(({ name }) => [name, [] as number[]]));
const scoped = (name: string): boolean => name.includes('DI scope');

for (let round = -3; round < ROUNDS; round += 1) {
  for (const { name, run } of round % 2 === 0 ? contenders : [...contenders].reverse()) {
    const count = scoped(name) ? TASKS / 10 : TASKS;
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
  console.log(`| ${name} | ${median(took).toFixed(0)} | ${scoped(name) ? '' : to(name, 'fastq').toFixed(2)} |`);

console.log('\n| bytes a waiting task | |\n|---|--:|');
const heap = (): number => {
  globalThis.gc?.();
  globalThis.gc?.();
  return process.memoryUsage().heapUsed;
};
const bytes = new Map<string, number>();
let release = (): void => undefined;
const stuck = new Promise<void>((resolve) => (release = resolve));
for (const { name, hold } of contenders) {
  if (!hold) continue;
  const before = heap();
  const held = hold(WAITING, () => stuck);
  bytes.set(name, (heap() - before) / WAITING);
  console.log(`| ${name} | ${bytes.get(name)?.toFixed(0)} |`);
  void held;
}
release();
await app.get(Held).tasks.drain();

const before = heap();
for (let done = 0; done < MANY; done += TASKS) await ours[1]?.run(TASKS);
const grown = heap() - before;
console.log(`\n${MANY} tasks later the heap is ${(grown / 1024).toFixed(0)} KiB off.\n`);

const goal = (met: boolean, what: string): void => console.log(`${met ? 'met   ' : 'MISSED'} ${what}`);
goal(to('submit, results awaited', 'fastq') <= 0.6, "results awaited: at most 0.6 of fastq's cost");
goal(to('submit, fire-and-forget', 'fastq') <= 0.25, "fire-and-forget: at most 0.25 of fastq's cost");
const [mine = NaN, fastq = NaN, pQueue = NaN] = ['submit, results awaited', 'fastq', 'p-queue'].map((one) =>
  bytes.get(one),
);
goal(mine < fastq && mine < pQueue, "memory a waiting task below fastq's and p-queue's");
goal(grown < 1_048_576, 'a million tasks leave the heap where it was');
const fired = median(samples.get('submit, fire-and-forget') ?? []) - median(samples.get('bare call') ?? []);
goal(fired < 1_000, `a unit costs under 1 us over a bare call: ${fired.toFixed(0)} ns`);
goal(
  to('submit with a DI scope', recipe.name) <= 1,
  `a DI scope costs no more than Nest's own recipe: ${to('submit with a DI scope', recipe.name).toFixed(2)} of it`,
);
await app.close();
