/** Calls one by one, no queue: what a unit of work and its DI scope cost. One process, as all of it is of one app. Prints JSON. */
import { Inject, Injectable, Scope } from '@nestjs/common';
import { ContextIdFactory, ModuleRef } from '@nestjs/core';
import type { UnitContext } from 'nestjs-background-worker';
import { bootOurs, times, work } from './tasks-contenders.js';

const ROUNDS = Number(process.env['ROUNDS'] ?? 21);
const CALLS = 5_000;
const JOINS = 5_000;

@Injectable({ scope: Scope.REQUEST })
class Scoped {}

@Injectable()
class Beside {
  constructor(@Inject(ModuleRef) readonly moduleRef: ModuleRef) {}
}

const { app, tasks, workers } = await bootOurs(CALLS, [Scoped, Beside]);
const { moduleRef } = app.get(Beside);

type UnitWork = (unit: UnitContext) => unknown;
/** Calls in a worker's loop, measured from within. */
const unitOfWork = await new Promise<(work: UnitWork) => Promise<unknown>>((resolve) => {
  workers.add({
    name: 'bench',
    run: async (ctx) => {
      resolve((work) => ctx.unitOfWork(work));
      await ctx.sleep(2 ** 30);
    },
  });
});

/** Nest's recipe for a DI scope in which nobody finds a request. Not strict: for providers of any module, as `unit.resolve`. */
const recipe = (options?: { strict: boolean }) => (): Promise<Scoped> => {
  const id = ContextIdFactory.create();
  moduleRef.registerRequestByContextId({}, id);
  return moduleRef.resolve(Scoped, id, options);
};
const ofAnyModule = recipe({ strict: false });

const CASES: Readonly<Record<string, () => Promise<unknown>>> = {
  'bare call': work,
  submit: () => tasks.submit(work).result,
  'ctx.unitOfWork': () => unitOfWork(work),
  "DI scope by Nest's recipe": recipe(),
  "DI scope by Nest's recipe in ctx.unitOfWork": () => unitOfWork(recipe()),
  "DI scope by Nest's recipe, any module, in ctx.unitOfWork": () => unitOfWork(ofAnyModule),
  'DI scope of ctx.unitOfWork': () => unitOfWork((unit) => unit.resolve(Scoped)),
  'DI scope of a task': () => tasks.submit((ctx) => ctx.resolve(Scoped)).result,
};

async function measured(operations: number, run: () => Promise<unknown>): Promise<number> {
  await new Promise((resolve) => setImmediate(resolve));
  const before = process.cpuUsage();
  await run();
  const { user, system } = process.cpuUsage(before);
  return ((user + system) * 1_000) / operations;
}

const oneByOne = async (call: () => Promise<unknown>): Promise<void> => {
  for (let done = 0; done < CALLS; done += 1) await call();
};

const samples: Record<string, number[]> = Object.fromEntries(Object.keys(CASES).map((name) => [name, []]));
for (let round = -3; round < ROUNDS; round += 1) {
  const order = Object.entries(CASES);
  for (const [name, call] of round % 2 === 0 ? order : order.reverse()) {
    const took = await measured(CALLS, () => oneByOne(call));
    if (round >= 0) samples[name]?.push(took);
  }
}

const joined = workers.add({ name: 'joined', run: (ctx) => ctx.sleep(2 ** 30) });
const join = await measured(1, async () => {
  const joins = times(JOINS, () => joined.join());
  await joined.stop();
  await Promise.all(joins);
});
console.log(JSON.stringify({ samples, join }));
process.exit();
