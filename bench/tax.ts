/** `npm run bench:tax`: what the module makes of the price of every promise in its process. See README.md beside this file. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { compile } from './compile.js';
import { contest, hooksOf, nsOf, type Results } from './contest.js';
import { atMost, machine, median, quantile, ratio, ratios, table } from './figures.js';
import { majorsOr, nodeOf, versionOf } from './nodes.js';

const ROUNDS = Number(process.env['ROUNDS'] ?? 10);
const GENERATIONS = 3;
/** What we may add to a promise's price, beyond what bare apps differ by. */
const GOAL = 1.05;

/** By row: the app of tax-app.ts, and which row it is measured against. */
const ROWS: Readonly<Record<string, { readonly app: string; readonly to: string }>> = {
  'bare app': { app: 'bare', to: 'bare app' },
  'bare app, again': { app: 'bare', to: 'bare app' },
  'module alone': { app: 'module', to: 'bare app' },
  'one tick': { app: 'tick', to: 'bare app' },
  'one loop': { app: 'loop', to: 'bare app' },
  tasks: { app: 'tasks', to: 'bare app' },
  'one tick, an interceptor': { app: 'interceptor', to: 'bare app' },
  'everything: tick, loop, tasks, guard': { app: 'everything', to: 'bare app' },
  'TypeORM alone': { app: 'typeorm', to: 'bare app' },
  'one tick, /typeorm': { app: '/typeorm', to: 'TypeORM alone' },
  'MikroORM alone': { app: 'mikro-orm', to: 'bare app' },
  'one tick, /mikro-orm': { app: '/mikro-orm', to: 'MikroORM alone' },
  'nestjs-cls alone': { app: 'cls', to: 'bare app' },
  'one tick, /cls': { app: '/cls', to: 'nestjs-cls alone' },
};
const OTHERS: readonly string[] = Object.keys(ROWS).filter((row) => /^(bare|\w+ORM|nestjs-cls)/.test(row));

const out = compile();
const contestants = Object.fromEntries(Object.entries(ROWS).map(([row, { app }]) => [row, [app]]));
for (const major of majorsOr(['20', '22', '24'])) {
  const node = nodeOf(major);
  // The guard's files.
  const directory = mkdtempSync(join(tmpdir(), 'bgw-bench-'));
  const env = { XDG_RUNTIME_DIR: directory };
  const file = join(out, 'tax-app.js');
  const results = await contest({ node, file, contestants, rounds: ROUNDS, generations: GENERATIONS, env });
  rmSync(directory, { recursive: true, force: true });
  report(versionOf(node), results);
}

function report(version: string, results: Results): void {
  console.log(`\nNode ${version}, ${machine()}: a hop, processor time, median of ${GENERATIONS} x ${ROUNDS} rounds`);
  const to = (row: string, other: string): readonly number[] => ratios(nsOf(results, row), nsOf(results, other));
  table(
    ['', 'hooks', 'ns a hop', 'to bare', 'quarter to three quarters', 'to its package alone'],
    Object.entries(ROWS).map(([row, { to: other }]) => {
      const bare = to(row, 'bare app');
      const spread = [quantile(bare, 0.25), quantile(bare, 0.75)].map((value) => value.toFixed(2)).join(' to ');
      const alone = other === 'bare app' ? '' : median(to(row, other)).toFixed(2);
      const ns = median(nsOf(results, row)).toFixed(0);
      return [row, `${hooksOf(results, row)}`, ns, median(bare).toFixed(2), spread, alone];
    }),
  );
  const spread = Math.abs(ratio(nsOf(results, 'bare app, again'), nsOf(results, 'bare app')) - 1);
  console.log(`\nBare apps differ by ${spread.toFixed(3)}, which the goal allows for.`);
  for (const [row, { to: other }] of Object.entries(ROWS).filter(([name]) => !OTHERS.includes(name)))
    atMost(GOAL + spread, `${row}, to ${other}`, median(to(row, other)), 3);
}
