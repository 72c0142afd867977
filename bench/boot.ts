/** `npm run bench:boot`: what the module costs at boot, and its import. See README.md beside this file. */
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { plainEnv } from '../test/support/plain-env.js';
import type { Boot, Variant } from './boot-app.js';
import type { Import } from './boot-import.js';
import { compile } from './compile.js';
import { atMost, difference, machine, median, ratio, table } from './figures.js';
import { majorsOr, nodeOf, versionOf } from './nodes.js';

const ROUNDS = Number(process.env['ROUNDS'] ?? 15);
const WORKERS = 1_000;
const LABELS: Readonly<Record<Variant, string>> = {
  bare: '(a) bare app',
  'ours-0': '(b) BackgroundWorkerModule, 0 workers',
  'ours-1000': '(c) 1,000 workers, `every: 3_600_000`',
  'ours-1000-late': "(c') the same with `initialDelay`: no first run",
  'schedule-0': '(d) ScheduleModule, 0 methods',
  'schedule-1000': "(d') 1,000 `@Interval(3_600_000)` methods",
};
const VARIANTS = Object.keys(LABELS) as readonly Variant[];
const OURS = 'nestjs-background-worker';
const SCHEDULE = '@nestjs/schedule';

const out = compile();
for (const major of majorsOr()) {
  const node = nodeOf(major);
  console.log(`\n# Node ${versionOf(node)}, ${machine()}; median of ${ROUNDS} rounds`);
  importing(node, 'nest');
  importing(node, 'nothing');
  booting(node);
}

/** Each in a fresh process, one after another; every second round backwards, so that drift hits all alike. */
function inTurn<T>(node: string, file: string, runs: Readonly<Record<string, readonly string[]>>) {
  const run = (args: readonly string[]): T =>
    JSON.parse(
      execFileSync(node, ['--expose-gc', join(out, file), ...args], { env: plainEnv(), encoding: 'utf8' }),
    ) as T;
  for (const args of Object.values(runs)) run(args); // the disk's cache
  const taken = Object.fromEntries(Object.keys(runs).map((name) => [name, [] as T[]]));
  for (let round = 0; round < ROUNDS; round++) {
    const order = Object.entries(runs);
    for (const [name, args] of round % 2 === 0 ? order : order.reverse()) taken[name]!.push(run(args));
  }
  return (name: string, of: keyof T): readonly number[] => taken[name]!.map((one) => one[of] as number);
}

function importing(node: string, before: 'nest' | 'nothing'): void {
  const all = inTurn<Import>(node, 'boot-import.js', { [OURS]: [OURS, before], [SCHEDULE]: [SCHEDULE, before] });
  const rows = [OURS, SCHEDULE].map((name) => [
    name,
    median(all(name, 'ms')).toFixed(1),
    median(all(name, 'cpu')).toFixed(1),
    ratio(all(name, 'ms'), all(SCHEDULE, 'ms')).toFixed(2),
    ratio(all(name, 'cpu'), all(SCHEDULE, 'cpu')).toFixed(2),
  ]);
  const what = before === 'nest' ? 'import, Nest being there' : 'import, Nest with it';
  table([what, 'ms', 'CPU, ms', `ms, to ${SCHEDULE}`, 'CPU, to it'], rows);
  if (before === 'nothing') return;
  console.log();
  for (const of of ['ms', 'cpu'] as const)
    atMost(0.5, `import, Nest being there, ${of}, to ${SCHEDULE}`, ratio(all(OURS, of), all(SCHEDULE, of)));
}

function booting(node: string): void {
  const all = inTurn<Boot>(node, 'boot-app.js', Object.fromEntries(VARIANTS.map((variant) => [variant, [variant]])));
  /** Processor time in microseconds, and bytes, a worker. */
  const cpu = (variant: Variant, than: Variant): number =>
    (difference(all(variant, 'cpu'), all(than, 'cpu')) * 1_000) / WORKERS;
  const heap = (variant: Variant, than: Variant): number =>
    difference(all(variant, 'heap'), all(than, 'heap')) / WORKERS;
  const bases: Partial<Record<Variant, Variant>> = {
    'ours-1000': 'ours-0',
    'ours-1000-late': 'ours-0',
    'schedule-1000': 'schedule-0',
  };
  const rows = VARIANTS.map((variant) => {
    const than = bases[variant];
    return [
      LABELS[variant],
      median(all(variant, 'boot')).toFixed(1),
      median(all(variant, 'cpu')).toFixed(1),
      ratio(all(variant, 'cpu'), all('bare', 'cpu')).toFixed(3),
      ...(than
        ? [cpu(variant, than), cpu(variant, 'bare'), heap(variant, than)].map((value) => value.toFixed(0))
        : ['', '', '']),
    ];
  });
  const aWorker = ['CPU a worker, us', 'over the bare app', 'heap a worker, bytes'];
  table(['boot, 5,000 providers of 8 methods', 'ms', 'CPU, ms', 'CPU, to bare', ...aWorker], rows);
  console.log();
  atMost(1.02, '0 workers, CPU to the bare app', ratio(all('ours-0', 'cpu'), all('bare', 'cpu')), 3);
  // `@Interval` runs nothing at boot: like for like.
  const [late, interval] = ['ours-1000-late', 'schedule-1000'] as const;
  atMost(heap(interval, 'schedule-0'), 'heap a worker, bytes, to that of an @Interval', heap(late, 'ours-0'), 0);
  atMost(
    cpu(interval, 'schedule-0'),
    'CPU a worker over its module at none, us, to that of an @Interval',
    cpu(late, 'ours-0'),
    1,
  );
  atMost(cpu(interval, 'bare'), 'CPU a worker over the bare app, us, to that of an @Interval', cpu(late, 'bare'), 1);
}
