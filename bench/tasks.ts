/** `npm run bench:tasks`: what a task costs. See README.md beside this file. */
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { plainEnv } from '../test/support/plain-env.js';
import { compile } from './compile.js';
import { contest, hooksOf, nsOf, type Results } from './contest.js';
import { atMost, difference, machine, median, ratio, table } from './figures.js';
import { majorsOr, nodeOf, versionOf } from './nodes.js';
import { CONCURRENCY, NAMES } from './tasks-contenders.js';
import type { Memory } from './tasks-memory.js';

const ROUNDS = Number(process.env['ROUNDS'] ?? 8);
const GENERATIONS = 2;
const WAITING = [1_000, 20_000];
const AWAITED = 'submit, results awaited';
const FORGOTTEN = 'submit, fire-and-forget';

/** At most this of fastq with results awaited, by how many wait. */
const GOALS: readonly (readonly ['off' | 'on', number, string, number])[] = [
  ['off', 1_000, AWAITED, 1],
  ['off', 20_000, AWAITED, 0.7],
  ['off', 1_000, FORGOTTEN, 0.7],
  ['off', 20_000, FORGOTTEN, 0.5],
  ['on', 20_000, AWAITED, 0.71],
];

const out = compile();
for (const major of majorsOr()) {
  const node = nodeOf(major);
  console.log(`\n# Node ${versionOf(node)}, ${machine()}`);
  for (const hooks of ['off', 'on'] as const) await compare(node, hooks);
  memory(node);
  units(node);
}

async function compare(node: string, hooks: 'off' | 'on'): Promise<void> {
  const results: Results[] = [];
  for (const waiting of WAITING) {
    const contestants = Object.fromEntries(NAMES.map((name) => [name, [name, String(waiting), hooks]]));
    const file = join(out, 'tasks-run.js');
    results.push(await contest({ node, file, contestants, rounds: ROUNDS, generations: GENERATIONS }));
  }
  const to = (name: string, of: Results): number => ratio(nsOf(of, name), nsOf(of, 'fastq'));
  table(
    [`hooks ${hooks}`, 'hooks', ...WAITING.flatMap((waiting) => [`ns a task, ${waiting} waiting`, 'to fastq'])],
    NAMES.map((name) => [
      name,
      `${hooksOf(results[0]!, name)}`,
      ...results.flatMap((of) => [median(nsOf(of, name)).toFixed(0), to(name, of).toFixed(2)]),
    ]),
  );
  console.log(`\nAt concurrency ${CONCURRENCY}, processor time, median of ${GENERATIONS} x ${ROUNDS} rounds.`);
  for (const [state, waiting, name, goal] of GOALS)
    if (state === hooks)
      atMost(
        goal,
        `hooks ${hooks}, ${waiting} waiting: ${name}, to fastq`,
        to(name, results[WAITING.indexOf(waiting)]!),
      );
}

function memory(node: string): void {
  const of = (name: string): Memory => told<Memory>(node, 'tasks-memory.js', name);
  const [ours, fastq, pQueue] = [of(AWAITED), of('fastq'), of('p-queue')];
  table(
    ['memory', 'bytes a waiting task', 'KiB left by 1,000,000'],
    Object.entries({ [AWAITED]: ours, fastq, 'p-queue': pQueue }).map(([name, { waiting, left }]) => [
      name,
      waiting.toFixed(0),
      (left / 1024).toFixed(0),
    ]),
  );
  console.log();
  atMost(Math.min(fastq.waiting, pQueue.waiting), 'bytes a waiting task, to those of peers', ours.waiting, 0);
  atMost(1024, 'KiB left by a million tasks', ours.left / 1024, 0);
}

function units(node: string): void {
  const { samples, join } = told<{ samples: Record<string, number[]>; join: number }>(node, 'tasks-units.js');
  const of = (name: string): readonly number[] => samples[name] ?? [];
  const RECIPE = "DI scope by Nest's recipe, any module, in ctx.unitOfWork";
  table(
    ['one by one', 'ns a call'],
    Object.keys(samples).map((name) => [name, median(of(name)).toFixed(0)]),
  );
  console.log(`\n5,000 join()s at once on one worker, until it has stopped: ${(join / 1e6).toFixed(1)} ms\n`);
  for (const name of ['submit', 'ctx.unitOfWork'])
    atMost(1_000, `a unit over a bare call, ns: ${name}`, difference(of(name), of('bare call')), 0);
  atMost(1, "a DI scope, to Nest's recipe in a unit alike", ratio(of('DI scope of ctx.unitOfWork'), of(RECIPE)), 3);
}

/** A program's one line of JSON. */
function told<T>(node: string, file: string, ...args: readonly string[]): T {
  const flags = ['--expose-gc', join(out, file), ...args];
  return JSON.parse(
    execFileSync(node, flags, { env: plainEnv(), encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] }),
  ) as T;
}
