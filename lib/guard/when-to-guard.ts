import cluster from 'node:cluster';
import type { GuardMode } from '../definition/module-options.js';
import { testRunnerOf } from '../host/enabled.js';
import type { ProcessInfo } from '../host/ancestry.js';

export interface Decision {
  readonly on: boolean;
  readonly because: string;
}

type Environment = Readonly<Record<string, string | undefined>>;

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

const isWatcher = ({ command }: { readonly command: string }): boolean => WATCHERS.some((one) => one.test(command));

function watcherMark(env: Environment, self: string, chain: readonly ProcessInfo[]): string | undefined {
  if (env['WATCH_REPORT_DEPENDENCIES'] !== undefined) return 'node --watch runs it';
  const script = env['npm_lifecycle_event'];
  if (script !== undefined && LIFECYCLE.test(script)) return `it was started by npm run ${script}`;
  const watcher = [{ command: self }, ...chain].find(isWatcher);
  return watcher && `a watcher runs it (${watcher.command.slice(0, 80)})`;
}

function offMark(env: Environment, watched: boolean): string | undefined {
  if (env['NODE_ENV'] === 'production') return 'NODE_ENV is production';
  if (env['CI'] !== undefined && env['CI'] !== 'false' && env['CI'] !== '') return 'CI is set';
  const runner = testRunnerOf(env);
  if (runner !== undefined) return `a test runner runs it (${runner})`;
  if (cluster.isWorker) return 'it is a cluster worker';
  const replica = REPLICA_MARKS.find((mark) => env[mark] !== undefined);
  if (replica !== undefined) return `it is a replica (${replica})`;
  const service = SERVICE_MARKS.find((mark) => env[mark] !== undefined);
  return service !== undefined && !watched ? `a service manager runs it (${service})` : undefined;
}

/** On for a developer's watcher, off wherever two copies are meant. A terminal is no mark. */
export function whenToGuard(mode: GuardMode, env: Environment, self: string, chain: readonly ProcessInfo[]): Decision {
  if (mode !== 'auto') return { on: mode === 'on', because: `guard: '${mode}'` };
  const mark = watcherMark(env, self, chain);
  const off = offMark(env, mark !== undefined);
  if (off !== undefined) return { on: false, because: off };
  if (env['NODE_ENV'] === 'development') return { on: true, because: 'NODE_ENV is development' };
  if (env['NODE_ENV'] !== undefined) return { on: false, because: `NODE_ENV is ${env['NODE_ENV']}` };
  return mark === undefined ? { on: false, because: 'no watcher runs it' } : { on: true, because: mark };
}
