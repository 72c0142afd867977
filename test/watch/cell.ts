import { appendFileSync, existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { Bench, CellFailure } from './bench.js';
import { overlapsIn } from './journal.js';
import { endAll } from './processes.js';
import type { CellPlan } from './rows.js';
import { scripts, type Size } from './scripts.js';
import { watchers } from './watchers.js';

export interface CellResult {
  readonly id: string;
  readonly edits: number;
  readonly overlaps: number;
  /** Milliseconds of the longest one whose end was seen. */
  readonly longest: number;
  /** Apps lost to EADDRINUSE. */
  readonly lost: number;
  /** Live apps beyond the newest at the end. */
  readonly extra: number;
  readonly newest: boolean;
  readonly missed: number;
  readonly seconds: number;
  /** What the cell broke; empty when it passed. */
  readonly faults: readonly string[];
  /** Where the journal and the output of a failed cell are. */
  readonly kept?: string;
}

const LIMIT = 420_000;
const SETTLE = 20_000;
const DRAIN = 1_500;
/** So that on a slow machine, too, the old one still drains when the new one has booted. */
const LONG_DRAIN = 3_000;

export async function runCell(
  plan: CellPlan,
  size: Size,
  run: { directory: string; packages: string; port: number },
): Promise<CellResult> {
  const directory = mkdtempSync(join(run.directory, 'cell-'));
  const { row, stop, kind, guard } = plan;
  const begun = performance.now();
  const beyond = row.beyond?.(plan) !== undefined;
  const script = scripts[beyond && stop === 'never' ? 'stuck' : row.script];
  const bench = new Bench(
    directory,
    run.packages,
    watchers[row.watcher],
    { stop, kind, guard, port: run.port, drain: guard === 'off' && size === 'short' ? LONG_DRAIN : DRAIN },
    begun + LIMIT,
  );
  const faults: string[] = [];
  try {
    await script.run(bench, guard === 'off' ? 'off' : size);
    await bench.until(() => bench.liveApps().length <= script.apps, guard === 'off' ? 5_000 : SETTLE);
  } catch (error) {
    if (!(error instanceof CellFailure)) appendFileSync(bench.outputPath, String(error));
    faults.push(error instanceof Error ? error.message : String(error));
  }
  const extra = Math.max(0, bench.liveApps().length - script.apps);
  const newest = newestRuns(bench);
  await endAll(directory);
  bench.journal.read();
  const overlaps = overlapsIn(bench.journal.lines);
  const lost = bench.journal.lines.filter(({ event }) => event === 'lost').length;
  if (guard === 'auto') {
    if (!guardIsOn(bench)) faults.push('the guard was not on');
    if (overlaps.length > 0) faults.push(`${overlaps.length} overlaps`);
    if (lost > 0 && !beyond) faults.push(`${lost} apps lost`);
    if (extra > 0) faults.push(`${extra} live apps too many`);
    if (!newest && !beyond) faults.push('the newest code does not run');
  } else if (row.doubles && overlaps.length === 0) faults.push('no overlap without the guard: the test proves nothing');
  const result: CellResult = {
    id: plan.id,
    edits: bench.edits,
    overlaps: overlaps.length,
    longest: Math.max(0, ...overlaps.map(({ ms }) => Math.round(ms ?? 0))),
    lost,
    extra,
    newest,
    missed: bench.missed,
    seconds: Math.round((performance.now() - begun) / 100) / 10,
    faults,
    kept: faults.length > 0 || process.env['WATCH_KEEP'] !== undefined ? directory : undefined,
  };
  if (result.kept === undefined) rmSync(directory, { recursive: true, force: true });
  return result;
}

/** By the line that every boot prints. */
function guardIsOn(bench: Bench): boolean {
  const output = bench.output();
  return output.includes('the development guard is on') && !output.includes('the development guard is off');
}

/** The last body of each worker is of the newest code, and its process lives. */
function newestRuns(bench: Bench): boolean {
  const live = bench.liveApps();
  return (['loop', 'tick'] as const).every((worker) => {
    const last = bench.journal.lines.findLast((line) => line.event === 'start' && line.worker === worker);
    return last?.version === bench.version && live.includes(last.process);
  });
}

/** The last lines of what a cell's watchers and apps printed. */
export function tailOf(directory: string, lines = 40): string {
  const path = join(directory, 'output.log');
  return existsSync(path) ? readFileSync(path, 'utf8').split('\n').slice(-lines).join('\n') : '';
}
