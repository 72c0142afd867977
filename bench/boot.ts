/** `npm run bench:boot`: what the module costs at boot. See README.md beside this file. */
import { execFileSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { cpus, loadavg } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { plainEnv } from '../test/support/plain-env.js';
import { compile } from './compile.js';
import type { Boot, Variant } from './boot-app.js';

const ROUNDS = Number(process.env['ROUNDS'] ?? 11);
const VARIANTS: readonly Variant[] = ['bare', 'ours-0', 'ours-1000', 'ours-1000-late', 'schedule-0', 'schedule-1000'];
const LABELS: Readonly<Record<Variant, string>> = {
  bare: '(a) bare app',
  'ours-0': '(b) BackgroundWorkerModule, 0 workers',
  'ours-1000': '(c) 1,000 workers, `every: 3_600_000`',
  'ours-1000-late': "(c') the same with `initialDelay`: no first run",
  'schedule-0': '(d) ScheduleModule, 0 methods',
  'schedule-1000': "(d') 1,000 `@Interval(3_600_000)` methods",
};

const root = fileURLToPath(new URL('..', import.meta.url));
const out = join(root, 'bench/build', String(process.pid));
try {
  compile(['bench/boot-app.ts'], out);
  const [load = 0] = loadavg();
  report(rounds(join(out, 'bench/boot-app.js')));
  console.log(`\nLoad average ${load.toFixed(1)} at the start, ${loadavg()[0]?.toFixed(1)} at the end.`);
} finally {
  rmSync(out, { recursive: true, force: true });
}

/** Each variant in a fresh process, one after another; every second round backwards, so that drift hits all alike. */
function rounds(app: string): Map<Variant, readonly Boot[]> {
  const run = (variant: Variant): Boot =>
    JSON.parse(
      execFileSync(process.execPath, ['--expose-gc', app, variant], { env: plainEnv(), encoding: 'utf8' }),
    ) as Boot;
  for (const variant of VARIANTS) run(variant); // the disk's cache
  const boots = new Map<Variant, Boot[]>(VARIANTS.map((variant) => [variant, []]));
  for (let round = 0; round < ROUNDS; round++) {
    const order = round % 2 === 0 ? VARIANTS : [...VARIANTS].reverse();
    for (const variant of order) boots.get(variant)!.push(run(variant));
    process.stderr.write(`round ${round + 1} of ${ROUNDS}\n`);
  }
  return boots;
}

function report(boots: Map<Variant, readonly Boot[]>): void {
  const all = (variant: Variant, of: keyof Boot): readonly number[] => boots.get(variant)!.map((boot) => boot[of] ?? 0);
  const mid = (variant: Variant, of: keyof Boot): number => median(all(variant, of));
  const base: Partial<Record<Variant, Variant>> = {
    'ours-1000': 'ours-0',
    'ours-1000-late': 'ours-0',
    'schedule-1000': 'schedule-0',
  };
  /** Round by round, as `ratio` below. */
  const each = (variant: Variant, of: 'boot' | 'cpu' | 'heap', than: Variant | undefined): number | undefined =>
    than && median(all(variant, of).map((value, round) => value - all(than, of)[round]!)) / 1_000;

  const machine = `${cpus().length} x ${cpus()[0]?.model}`;
  console.log(`5,000 providers of 8 methods; median of ${ROUNDS} rounds; Node ${process.version}, ${machine}\n`);
  console.log('| | boot, ms | to bare | time a worker, us | CPU a worker, us | heap a worker, bytes | import, ms |');
  console.log('|---|--:|--:|--:|--:|--:|--:|');
  for (const variant of VARIANTS) {
    const than = base[variant];
    const time = each(variant, 'boot', than);
    const cpu = each(variant, 'cpu', than);
    const heap = each(variant, 'heap', than);
    console.log(
      `| ${[
        LABELS[variant],
        mid(variant, 'boot').toFixed(1),
        ratio(all(variant, 'boot'), all('bare', 'boot')).toFixed(3),
        time === undefined ? '' : (time * 1_000).toFixed(0),
        cpu === undefined ? '' : (cpu * 1_000).toFixed(0),
        heap === undefined ? '' : heap.toFixed(0),
        mid(variant, 'import').toFixed(0),
      ].join(' | ')} |`,
    );
  }
  const total = (variant: Variant): string => (each(variant, 'boot', 'bare')! * 1_000).toFixed(0);
  console.log(`
Over the bare app, module and all, a worker costs ${total('ours-1000')} us here, ${total('ours-1000-late')} us without its first run, ${total('schedule-1000')} us with @nestjs/schedule.
Of our hooks at 0 workers: discovery ${mid('ours-0', 'init').toFixed(1)} ms, start ${mid('ours-0', 'bootstrap').toFixed(1)} ms; at 1,000: discovery ${mid('ours-1000', 'init').toFixed(1)} ms, start and first runs ${mid('ours-1000', 'bootstrap').toFixed(1)} ms.

`);

  const goals: readonly (readonly [string, boolean])[] = [
    ['0 workers: within 5 % of the bare app', ratio(all('ours-0', 'boot'), all('bare', 'boot')) <= 1.05],
    // `@Interval` runs nothing at boot: like for like.
    [
      '1,000 workers: less time a worker than @nestjs/schedule',
      each('ours-1000-late', 'boot', 'bare')! < each('schedule-1000', 'boot', 'bare')!,
    ],
    [
      '1,000 workers: less time a worker over each module at 0',
      each('ours-1000-late', 'boot', 'ours-0')! < each('schedule-1000', 'boot', 'schedule-0')!,
    ],
    [
      '1,000 workers: less heap a worker than @nestjs/schedule',
      each('ours-1000-late', 'heap', 'ours-0')! < each('schedule-1000', 'heap', 'schedule-0')!,
    ],
  ];
  for (const [goal, met] of goals) console.log(`${met ? 'met   ' : 'MISSED'} ${goal}`);
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

/** Round by round, so that what slowed a whole round down cancels out. */
function ratio(of: readonly number[], to: readonly number[]): number {
  return median(of.map((value, round) => value / to[round]!));
}
