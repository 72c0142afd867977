/**
 * The watch-mode matrix: real watchers, real edits, and what the workers themselves wrote about it.
 *
 *   npm run test:watch-modes                      all cells; writes test/watch/results.md
 *   npm run test:watch-modes -- 'tsx watch'       the cells whose id contains the text
 *   npm run test:watch-modes -- --resume          only those that temp/watch-modes.jsonl has no passed result of
 *   npm run test:watch-modes -- --list | --jobs 3 | --short
 */
import {
  appendFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { runCell, tailOf, type CellResult } from './cell.js';
import { endAll } from './processes.js';
import { fullPlan, shortPlan, type CellPlan } from './rows.js';
import { markdown, summary } from './table.js';
import { repo } from './watchers.js';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    short: { type: 'boolean', default: false },
    resume: { type: 'boolean', default: false },
    list: { type: 'boolean', default: false },
    table: { type: 'boolean', default: false },
    jobs: { type: 'string', default: '2' },
  },
});

const FIRST_PORT = 14_000;
const PORTS = 2_000;
const memory = join(repo, 'temp/watch-modes.jsonl');

/** The package as it would be installed: nobody who builds it meanwhile disturbs a cell. */
function packed(directory: string): string {
  const target = join(directory, 'node_modules/nestjs-background-worker');
  mkdirSync(target, { recursive: true });
  cpSync(join(repo, 'dist'), join(target, 'dist'), { recursive: true });
  cpSync(join(repo, 'package.json'), join(target, 'package.json'));
  symlinkSync(join(repo, 'node_modules'), join(target, 'node_modules'));
  return join(directory, 'node_modules');
}

function remembered(): Map<string, CellResult> {
  if (!existsSync(memory)) return new Map();
  const lines = readFileSync(memory, 'utf8').split('\n').filter(Boolean);
  return new Map(lines.map((line) => JSON.parse(line) as CellResult).map((result) => [result.id, result]));
}

async function main(): Promise<void> {
  const plan = (values.short ? shortPlan : fullPlan).filter(({ id }) => positionals.every((part) => id.includes(part)));
  if (values.list) return plan.forEach(({ id }) => console.log(id));
  const whole = !values.short && positionals.length === 0;
  if (whole && !values.resume && !values.table) rmSync(memory, { force: true });
  const known = remembered();
  const todo = values.table ? [] : plan.filter(({ id }) => !values.resume || (known.get(id)?.faults.length ?? 1) > 0);
  const results = await runAll(todo);
  if (!values.short) for (const result of results) known.set(result.id, result);
  if (whole) writeFileSync(join(repo, 'test/watch/results.md'), markdown(known, values.resume || values.table));
  console.log(summary(results));
  if (results.some(({ faults }) => faults.length > 0)) process.exitCode = 1;
}

async function runAll(todo: readonly CellPlan[]): Promise<readonly CellResult[]> {
  const directory = mkdtempSync(join(tmpdir(), 'watch-modes-'));
  const packages = todo.length > 0 ? packed(directory) : '';
  mkdirSync(join(repo, 'temp'), { recursive: true });
  onInterrupt(directory);
  const results: CellResult[] = [];
  const queue = [...todo.entries()];
  const first = FIRST_PORT + (process.pid % (PORTS / 2)) * 2;
  const lane = async (): Promise<void> => {
    for (let next = queue.shift(); next; next = queue.shift()) {
      const [index, plan] = next;
      const port = FIRST_PORT + ((first - FIRST_PORT + index * 2) % PORTS);
      const result = await runCell(plan, values.short ? 'short' : 'full', { directory, packages, port });
      results.push(result);
      report(result, results.length, todo.length);
      if (!values.short) appendFileSync(memory, `${JSON.stringify(result)}\n`);
    }
  };
  await Promise.all(Array.from({ length: Number(values.jobs) }, lane));
  if (results.every(({ kept }) => kept === undefined)) rmSync(directory, { recursive: true, force: true });
  return results;
}

/** Nothing of a run that is cut short lives on. */
function onInterrupt(directory: string): void {
  for (const name of ['SIGINT', 'SIGTERM'] as const)
    process.once(name, () => {
      const cells = readdirSync(directory).filter((one) => one.startsWith('cell-'));
      void Promise.all(cells.map((one) => endAll(join(directory, one)))).finally(() => process.exit(1));
    });
}

function report(
  { id, faults, overlaps, longest, lost, extra, edits, missed, seconds, kept }: CellResult,
  done: number,
  of: number,
): void {
  const facts = `${edits} edits, ${overlaps} overlaps (${longest} ms), ${lost} lost, ${extra} extra, ${missed} missed, ${seconds} s`;
  console.log(`${done}/${of} ${faults.length === 0 ? 'ok  ' : 'FAIL'} ${id}: ${faults.join('; ') || facts}`);
  if (faults.length > 0 && kept !== undefined)
    console.log(`     ${facts}; kept in ${kept}\n${tailOf(kept, 12).replaceAll(/^/gm, '     | ')}`);
}

await main();
