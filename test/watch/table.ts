import { cpus, release, type } from 'node:os';
import type { CellResult } from './cell.js';
import type { Kind, Stop } from './bench.js';
import { fullPlan, rows, type CellPlan, type Row } from './rows.js';
import { versionOf, watchers } from './watchers.js';

type Results = ReadonlyMap<string, CellResult>;

const seconds = (ms: number): string => `${(ms / 1_000).toFixed(1)} s`;

function ofCell(plan: CellPlan | undefined, results: Results): string {
  if (!plan) return '';
  const result = results.get(plan.id);
  if (!result) return 'not run';
  const { overlaps, longest, lost, extra, edits, faults, newest } = result;
  if (plan.guard === 'auto' && faults.length > 0) return `**✗ ${faults.join('; ')}**`;
  const mark = `${lost > 0 ? ' ¹' : ''}${plan.stop === 'never' && !newest ? ' ²' : ''}`;
  if (plan.guard === 'auto') return `0 (${edits})${mark}`;
  const facts = [
    overlaps > 0 ? `${overlaps} overlaps${longest > 0 ? `, up to ${seconds(longest)}` : ''}` : '0',
    lost > 0 ? `${lost} lost` : '',
    extra > 0 ? `${extra} left alive` : '',
  ];
  return facts.filter(Boolean).join('; ');
}

const COLUMNS = [
  ['instant', 'http', 'auto'],
  ['instant', 'context', 'auto'],
  ['drain', 'http', 'auto'],
  ['drain', 'context', 'auto'],
  ['never', 'http', 'auto'],
  ['never', 'context', 'auto'],
  ['drain', 'context', 'off'],
] as const;

function line(row: Row, results: Results): string {
  const cells = COLUMNS.map(([stop, kind, guard]) =>
    ofCell(
      fullPlan.find((one) => one.row === row && one.stop === stop && one.kind === kind && one.guard === guard),
      results,
    ),
  );
  return `| ${[named(row), ...cells].join(' | ')} |`;
}

const named = (row: Row): string => {
  const [, command = row.name, rest = ''] = /^(.*?)((?:,|:| \().*)?$/.exec(row.name) ?? [];
  return /^(nest|node|tsx|nodemon|vite-node)/.test(command) ? `\`${command}\`${rest}` : row.name;
};

export function markdown(results: Results): string {
  const tools = ['@nestjs/core', ...new Set(Object.values(watchers).flatMap((one) => one.tools))].map(versionOf);
  const hanging = fullPlan.filter(({ stop }) => stop === 'hang');
  const reasonOf = (stop: Stop, kind: Kind): string[] =>
    rows.flatMap((row) => {
      const why = row.beyond?.({ stop, kind });
      return why === undefined ? [] : [`- ${named(row)}: ${why}.`];
    });
  return [
    '# Watch modes: the latest run',
    '',
    `Written by \`npm run test:watch-modes\` on ${type()} ${release()}, ${cpus().length} cores, Node ${process.version}, ${tools.join(', ')}.`,
    '',
    'A cell is the number of overlaps (two live bodies of one worker, by the log that the workers write themselves) and, in brackets, of edits.',
    'A number without more says also: no app lost to EADDRINUSE, one live app at the end, and it runs the newest code.',
    "The last column is the same watcher with `guard: 'off'` (1.5 s drain, application context, fewer edits): what happens without it.",
    '',
    '| | instant stop, HTTP | instant, context | 1.5 s drain, HTTP | drain, context | never stops, HTTP | never, context | guard off |',
    '|---|---|---|---|---|---|---|---|',
    ...rows.map((row) => line(row, results)),
    '',
    '¹ Some apps were lost to EADDRINUSE on a fixed HTTP port, which nobody can mend from inside; the overlap is 0 all the same:',
    '',
    ...reasonOf('drain', 'http'),
    '',
    '² The newest code does not run its workers at the end; the overlap is 0 all the same:',
    '',
    ...reasonOf('never', 'context'),
    '',
    "Somebody else's `onModuleDestroy` that never resolves:",
    '',
    ...hanging.map(
      (plan) => `- ${named(plan.row)}, ${plan.kind === 'http' ? 'HTTP' : 'context'}: ${ofCell(plan, results)}`,
    ),
    '- A watcher that waits for the app itself (`--no-shell`, sh execs, `node --watch`) waits for ever then, and starts nothing: no guard sees that.',
    '',
    'A body that never stops is not taken from an app that is alive and wanted: a second server waits then, and a warning says for what.',
    '',
    'Two servers are not run with `nest start --watch`: in one checkout both would write the same `dist`, and two checkouts are two apps to the guard.',
    '',
  ].join('\n');
}

export function summary(results: readonly CellResult[]): string {
  const failed = results.filter(({ faults }) => faults.length > 0);
  return `${results.length - failed.length} of ${results.length} cells hold${failed.map(({ id, faults }) => `\n  ${id}: ${faults.join('; ')}`).join('')}`;
}
