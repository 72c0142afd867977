import cluster from 'node:cluster';
import type { GuardMode } from '../definition/module-options.js';
import { testRunnerOf } from '../host/enabled.js';
import { isInit, startedBy, type ProcessInfo } from './ancestry.js';
import { isTestRunner, isWatcher, lastCommandOf, type Args } from './watchers.js';

export interface Decision {
  readonly on: boolean;
  readonly because: string;
}

type Environment = Readonly<Record<string, string | undefined>>;

/** What a process can know of who started it. */
export interface Origin {
  readonly env: Environment;
  /** Its own argument list. */
  readonly self: Args;
  /** The nearest first. */
  readonly ancestors: readonly ProcessInfo[];
  /** Of its process group. */
  readonly leader?: ProcessInfo | undefined;
}

const LIFECYCLE = /^(start:)?(dev|watch)(:|$)|:(dev|watch)$/;
const TEST_SCRIPT = /(^|[:_-])(test|tests|e2e)([:_-]|$)/;
const SERVICE_MARKS = ['KUBERNETES_SERVICE_HOST', 'INVOCATION_ID'];
const REPLICA_MARKS = ['NODE_APP_INSTANCE', 'pm_id'];

/** The nearest ancestor that is one, and those between: nearest first. */
export function watcherOf(ancestors: readonly ProcessInfo[]): readonly ProcessInfo[] {
  return ancestors.slice(0, ancestors.findIndex(({ args }) => isWatcher(args)) + 1);
}

const isWatchScript = (env: Environment): boolean => isWatcher(lastCommandOf(env['npm_lifecycle_script'] ?? ''));
const shown = (args: Args): string => args.join(' ').slice(0, 80);

/** By what outlives a watcher: marks in the environment, and the process group. */
function inheritedMark({ env, leader }: Origin): string | undefined {
  if (env['WATCH_REPORT_DEPENDENCIES'] !== undefined) return 'node --watch runs it';
  if (isWatchScript(env)) return `it was started by npm run ${env['npm_lifecycle_event']}`;
  return leader && isWatcher(leader.args) ? `a watcher runs it (${shown(leader.args)})` : undefined;
}

function watcherMark(origin: Origin): string | undefined {
  const script = origin.env['npm_lifecycle_event'];
  if (script !== undefined && LIFECYCLE.test(script)) return `it was started by npm run ${script}`;
  const inherited = inheritedMark(origin);
  if (inherited !== undefined) return inherited;
  const watcher = [origin.self, ...origin.ancestors.map(({ args }) => args)].find(isWatcher);
  return watcher && `a watcher runs it (${shown(watcher)})`;
}

/**
 * Its watcher, or the shell between, had gone before this process could look: a mark of it is left, but among the ancestors there is
 * no watcher, and nothing but init has taken its place. A parent that is init proves nothing alone, nor does a script's name: in a
 * container that is healthy.
 */
export function isBornOrphan(origin: Origin): boolean {
  const { ancestors, self } = origin;
  const starter = startedBy(ancestors).at(-1);
  if (!starter || !isInit(starter) || inheritedMark(origin) === undefined) return false;
  return ![self, ...ancestors.map(({ args }) => args)].some(isWatcher);
}

/** By the environment alone, so that nothing else is looked at in production. */
export function whyOffAnyway(env: Environment): string | undefined {
  if (env['NODE_ENV'] === 'production') return 'NODE_ENV is production';
  if (env['CI'] !== undefined && env['CI'] !== 'false' && env['CI'] !== '') return 'CI is set';
  const runner = testRunnerOf(env);
  if (runner !== undefined) return `a test runner runs it (${runner})`;
  const script = env['npm_lifecycle_event'];
  if (script !== undefined && TEST_SCRIPT.test(script)) return `it was started by npm run ${script}`;
  if (cluster.isWorker) return 'it is a cluster worker';
  const replica = REPLICA_MARKS.find((mark) => env[mark] !== undefined);
  return replica === undefined ? undefined : `it is a replica (${replica})`;
}

/** On for a developer's watcher, off wherever two copies are meant. A terminal is no mark. */
export function whenToGuard(mode: GuardMode, originOf: () => Origin, env: Environment): Decision {
  if (mode !== 'auto') return { on: mode === 'on', because: `guard: '${mode}'` };
  const anyway = whyOffAnyway(env);
  if (anyway !== undefined) return { on: false, because: anyway };
  const origin = originOf();
  if (isTestRunner(origin.self)) return { on: false, because: `it is a test runner (${shown(origin.self)})` };
  const mark = watcherMark(origin);
  if (mark !== undefined) return { on: true, because: mark };
  const service = SERVICE_MARKS.find((name) => env[name] !== undefined);
  if (service !== undefined) return { on: false, because: `a service manager runs it (${service})` };
  if (env['NODE_ENV'] === 'development') return { on: true, because: 'NODE_ENV is development' };
  return { on: false, because: 'no watcher runs it' };
}
