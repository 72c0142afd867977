import type { Kind, Setting, Stop } from './bench.js';
import type { ScriptName } from './scripts.js';
import { watchers, type WatcherName } from './watchers.js';

/** A line of the table. */
export interface Row {
  readonly name: string;
  readonly watcher: WatcherName;
  readonly script: ScriptName;
  readonly stops: readonly Stop[];
  /** Default both. */
  readonly kinds?: readonly Kind[];
  /** Without the guard workers run twice. */
  readonly doubles: boolean;
  /** Why something other than the overlap cannot be mended here; the overlap is 0 all the same. */
  readonly beyond?: (setting: Pick<Setting, 'kind' | 'stop'>) => string | undefined;
}

export interface CellPlan {
  readonly id: string;
  readonly row: Row;
  readonly stop: Stop;
  readonly kind: Kind;
  readonly guard: 'auto' | 'off';
}

const STOPS: readonly Stop[] = ['instant', 'drain', 'never'];
const KINDS: readonly Kind[] = ['http', 'context'];

const NOBODY_CLOSES =
  'nobody closes the older app: it stays in the process and keeps its port, and the guard can only stop its workers';

const NEVER_STOPS =
  'the body that never stops lives in the very process that the new app runs in: the new workers wait for it, and a warning says so';

function beyond(watcher: WatcherName): Row['beyond'] {
  const closes = watcher !== 'webpack HMR, no dispose' && watcher !== 'vite-node --watch';
  return ({ kind, stop }) => {
    if (isInProcess(watcher) && stop === 'never') return NEVER_STOPS;
    return !closes && kind === 'http' ? NOBODY_CLOSES : undefined;
  };
}

const isInProcess = (watcher: WatcherName): boolean => /HMR|^vite-node/.test(watcher);

/** The watcher starts the new app when the old one has gone, or the recipe does. */
const WAITS = /--no-shell|sh execs|^node --watch|^tsx watch$|^nodemon dist|dispose awaited$/;

const ofEdits = (watcher: WatcherName): Row => ({
  name: watcher,
  watcher,
  script: 'edits',
  // Where the watcher waits for the app itself, such a hook makes it wait for ever, whatever the app is made of.
  stops: watcher.startsWith('nest start --watch, sh forks') ? [...STOPS, 'hang'] : STOPS,
  doubles: !WAITS.test(watcher),
  beyond: beyond(watcher),
});

const others = (script: ScriptName, what: string, of: readonly WatcherName[], stops = STOPS): Row[] =>
  of.map((watcher) => ({ name: `${watcher}: ${what}`, watcher, script, stops, doubles: true }));
/** A body that never stops is not taken from an app that is alive and wanted: its server keeps the workers. */
const TAKEN: readonly Stop[] = ['instant', 'drain'];
const DIRECT: readonly WatcherName[] = ['tsx watch', 'node --watch --import tsx'];

const withTransport = (watcher: WatcherName): boolean => /hybrid|gateway/.test(watcher);

/** Nobody runs twice here without the guard either: without workers of their own, or the two runs are not at once. */
const beside = (script: ScriptName, what: string, doubles: boolean): Row[] =>
  others(script, what, ['nest start --watch (swc), sh forks', 'tsx watch'], TAKEN).map((row) => ({ ...row, doubles }));

export const rows: readonly Row[] = [
  ...(Object.keys(watchers) as WatcherName[])
    .map(ofEdits)
    .map((row) =>
      withTransport(row.watcher) ? { ...row, stops: TAKEN, kinds: ['http'] as const, doubles: false } : row,
    ),
  ...others('kills', 'kill and kill -9 of watcher and app', [
    'nest start --watch, sh forks',
    'nest start --watch --no-shell',
    'tsx watch',
    'node --watch --import tsx',
  ]),
  ...others('twoAtOnce', 'two servers at once', DIRECT),
  ...others('oneAfterTheOther', 'a second server comes and goes', DIRECT, TAKEN),
  ...others('keys', 'guard.key is edited', ['nest start --watch (swc), sh forks', 'nodemon --exec tsx']).map((row) => ({
    ...row,
    doubles: false,
  })),
  ...beside('guests', 'a seed script, a REPL, end-to-end tests beside it', false),
  ...beside('debuggers', 'a debugger launches the app beside it', true),
  ...others('waitingOrphan', 'kill -9 of the watcher of the app that waits', DIRECT, TAKEN),
];

const cell = (row: Row, stop: Stop, kind: Kind, guard: 'auto' | 'off'): CellPlan => ({
  id: `${row.name} | ${stop} | ${kind}${guard === 'off' ? ' | guard off' : ''}`,
  row,
  stop,
  kind,
  guard,
});

const withGuard = (row: Row): CellPlan[] =>
  row.stops.flatMap((stop) => (row.kinds ?? KINDS).map((kind) => cell(row, stop, kind, 'auto')));

export const fullPlan: readonly CellPlan[] = rows.flatMap((row) => [
  ...withGuard(row),
  cell(row, 'drain', 'context', 'off'),
]);

const SHORT: readonly string[] = [
  'nest start --watch, sh forks | drain | http',
  'nest start --watch, sh forks | drain | context | guard off',
  'nest start --watch, sh forks, no ps | drain | http',
  'nest start --watch --no-shell (swc) | instant | http',
  'nest start --watch (webpack), sh forks | instant | context',
  'node --watch dist/main.js | never | http',
  'tsx watch | drain | http',
  'nodemon --exec tsx | never | context',
  'nodemon --exec tsx | drain | context | guard off',
  'webpack HMR, dispose not awaited | drain | http',
  'vite-node --watch | drain | context',
  'nest start --watch (swc), sh forks: guard.key is edited | drain | http',
  'nest start --watch, hybrid app | drain | http',
  'nest start --watch, WebSocket gateway | drain | http',
  'yarn 4 run start:dev | instant | http',
  'tsx watch: a seed script, a REPL, end-to-end tests beside it | instant | http',
  'tsx watch: a debugger launches the app beside it | instant | context',
  'tsx watch: kill and kill -9 of watcher and app | drain | http',
  'tsx watch: two servers at once | instant | http',
  'tsx watch: kill -9 of the watcher of the app that waits | instant | context',
  'node --watch --import tsx: a second server comes and goes | drain | context',
];
export const shortPlan: readonly CellPlan[] = fullPlan.filter(({ id }) => SHORT.includes(id));
