import cluster from 'node:cluster';
import type { GuardMode } from '../definition/module-options.js';
import { testRunnerOf } from '../host/enabled.js';
import { isInit, startedBy, type ProcessInfo } from '../host/ancestry.js';

export interface Decision {
  readonly on: boolean;
  readonly because: string;
}

/** What a process can know of who started it. */
export interface Origin {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Its own command line. */
  readonly self: string;
  /** The nearest first. */
  readonly ancestors: readonly ProcessInfo[];
  /** Of its process group. */
  readonly leader?: ProcessInfo | undefined;
}

/** As a program, not as a directory on the way to somebody's app. */
const program = (name: string, then = ''): RegExp =>
  new RegExp(String.raw`(^|[\s/\\])(${name}|node_modules[/\\]${name}[/\\]\S+)(\.[cm]?js|\.cmd|\.exe)?(?=\s|$)${then}`);

const WATCHERS: readonly RegExp[] = [
  program('nest', String.raw`\s+(start|build)\b.*\s(--watch|-w)\b`),
  program('(nodemon|ts-node-dev|tsnd|vite-node|webpack)'),
  program('tsx', String.raw`\s+(watch|--watch)\b`),
  program('node', String.raw`.*\s--watch(-path)?\b`),
];
const LIFECYCLE = /^(start:)?(dev|watch)(:|$)|:(dev|watch)$/;
const SERVICE_MARKS = ['KUBERNETES_SERVICE_HOST', 'INVOCATION_ID'];
const REPLICA_MARKS = ['NODE_APP_INSTANCE', 'pm_id'];

const PACKAGE_MANAGER = program('(npm|npx|yarn|pnpm|bun)(-cli)?');
/** The last command of a script: what it leaves in the foreground. */
const LAST_COMMAND = /[^;&|]*$/;

const isWatcher = (command: string): boolean => WATCHERS.some((one) => one.test(command));

/** By what outlives a watcher: marks in the environment, and the process group. */
function inheritedMark({ env, leader }: Origin): string | undefined {
  if (env['WATCH_REPORT_DEPENDENCIES'] !== undefined) return 'node --watch runs it';
  const script = env['npm_lifecycle_event'];
  if (script !== undefined && (LIFECYCLE.test(script) || isWatchScript(env)))
    return `it was started by npm run ${script}`;
  return leader && isWatcher(leader.command) ? `a watcher runs it (${leader.command.slice(0, 80)})` : undefined;
}

const isWatchScript = (env: Origin['env']): boolean =>
  isWatcher(LAST_COMMAND.exec(env['npm_lifecycle_script'] ?? '')?.[0] ?? '');

function watcherMark(origin: Origin): string | undefined {
  const inherited = inheritedMark(origin);
  if (inherited !== undefined) return inherited;
  const watcher = [origin.self, ...origin.ancestors.map(({ command }) => command)].find(isWatcher);
  return watcher && `a watcher runs it (${watcher.slice(0, 80)})`;
}

/**
 * Its watcher, or the shell between, had gone before this process could look: a mark of it is left, but among the ancestors there is
 * no watcher, and nothing but init has taken its place. A parent that is init proves nothing alone: in a container that is healthy.
 */
export function isBornOrphan(origin: Origin): boolean {
  const { ancestors, self, leader, env } = origin;
  const starter = startedBy(ancestors).at(-1);
  if (!starter || !isInit(starter) || inheritedMark(origin) === undefined) return false;
  if ([self, ...ancestors.map(({ command }) => command)].some(isWatcher)) return false;
  // Where npm itself is init, a script without a watcher looks the same.
  return !PACKAGE_MANAGER.test(starter.command) || isWatchScript(env) || isWatcher(leader?.command ?? '');
}

/** Whoever runs it: the environment alone says so. */
export function whyOffAnyway(env: Origin['env']): string | undefined {
  if (env['NODE_ENV'] === 'production') return 'NODE_ENV is production';
  if (env['CI'] !== undefined && env['CI'] !== 'false' && env['CI'] !== '') return 'CI is set';
  const runner = testRunnerOf(env);
  if (runner !== undefined) return `a test runner runs it (${runner})`;
  if (cluster.isWorker) return 'it is a cluster worker';
  const replica = REPLICA_MARKS.find((mark) => env[mark] !== undefined);
  return replica === undefined ? undefined : `it is a replica (${replica})`;
}

function whyOff(env: Origin['env'], watched: boolean): string | undefined {
  const anyway = whyOffAnyway(env);
  if (anyway !== undefined) return anyway;
  const service = SERVICE_MARKS.find((mark) => env[mark] !== undefined);
  return service !== undefined && !watched ? `a service manager runs it (${service})` : undefined;
}

/** On for a developer's watcher, off wherever two copies are meant. A terminal is no mark. */
export function whenToGuard(mode: GuardMode, origin: Origin): Decision {
  if (mode !== 'auto') return { on: mode === 'on', because: `guard: '${mode}'` };
  const { env } = origin;
  const mark = watcherMark(origin);
  const off = whyOff(env, mark !== undefined);
  if (off !== undefined) return { on: false, because: off };
  if (env['NODE_ENV'] === 'development') return { on: true, because: 'NODE_ENV is development' };
  if (env['NODE_ENV'] !== undefined) return { on: false, because: `NODE_ENV is ${env['NODE_ENV']}` };
  return mark === undefined ? { on: false, because: 'no watcher runs it' } : { on: true, because: mark };
}
