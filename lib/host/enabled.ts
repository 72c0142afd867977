import { AsyncLocalStorage } from 'node:async_hooks';
import { BackgroundWorkerError } from '../shared/errors.js';

/** Which workers run in this process, and who said so. */
export interface Selection {
  includes(name: string): boolean;
  /** Names that were given one by one. */
  readonly named: readonly string[];
  readonly because: string;
  /** How to start what is not started here; absent where that would be no answer. */
  readonly hint?: string;
}

const RUNNERS = ['VITEST', 'JEST_WORKER_ID', 'NODE_TEST_CONTEXT'];
/** Stands for the task consumers among names of workers. */
export const TASKS = 'tasks';
type Environment = Readonly<Record<string, string | undefined>>;

/** The variable that shows a test runner. */
export function testRunnerOf(env: Environment): string | undefined {
  return RUNNERS.find((name) => env[name] !== undefined) ?? (env['NODE_ENV'] === 'test' ? 'NODE_ENV=test' : undefined);
}

const all = (because: string): Selection => ({ includes: () => true, named: [], because });
const none = (because: string): Selection => ({ includes: () => false, named: [], because });

/** Task consumers alone: in a test, what is dispatched should arrive. */
const onlyTasks = (because: string): Selection => ({ includes: (name) => name === TASKS, named: [], because });

function named(list: readonly string[], because: string): Selection {
  const wanted = list.filter((name) => !name.startsWith('-'));
  const barred = list.filter((name) => name.startsWith('-')).map((name) => name.slice(1));
  const includes = (name: string): boolean => !barred.includes(name) && (wanted.length === 0 || wanted.includes(name));
  return { includes, named: [...wanted, ...barred], because };
}

function ofEnvironment(value: string): Selection {
  const because = `BACKGROUND_WORKERS=${value}`;
  if (value === 'on') return all(because);
  if (value === 'off' || /^[\s,]*$/.test(value)) return none(because);
  return named(
    value
      .split(',')
      .map((name) => name.trim())
      .filter(Boolean),
    because,
  );
}

/** The environment overrides the option; without either a test runner starts none. */
export function selectionOf(enabled: boolean | readonly string[] | undefined, env: Environment): Selection {
  const said = env['BACKGROUND_WORKERS']?.trim();
  if (said) return ofEnvironment(said);
  if (typeof enabled === 'object') return enabled.length === 0 ? none('enabled: []') : named(enabled, 'enabled');
  if (enabled !== undefined) return enabled ? all('enabled: true') : none('enabled: false');
  const runner = testRunnerOf(env);
  if (runner === undefined) return all('the default');
  return { ...onlyTasks(`the test runner (${runner})`), hint: 'BACKGROUND_WORKERS=on or enabled: true starts them' };
}

/** @throws BackgroundWorkerError `BGW_UNKNOWN_WORKER` */
export function checkNames(names: readonly string[], known: readonly string[], where: string): void {
  const unknown = names.find((name) => !known.includes(name));
  if (unknown === undefined) return;
  throw new BackgroundWorkerError(
    'BGW_UNKNOWN_WORKER',
    `${where} names "${unknown}", which is no worker; there are: ${known.join(', ') || 'none'}`,
  );
}

export const BY_SCRIPT = none('withoutWorkers()');
export const BY_REPL = none('the REPL');

const SCRIPT = Symbol.for('nestjs-background-worker:without-workers');
type Shared = { [SCRIPT]?: AsyncLocalStorage<true> };

function script(): AsyncLocalStorage<true> {
  return ((globalThis as Shared)[SCRIPT] ??= new AsyncLocalStorage());
}

/**
 * For scripts, seeds and migrations that boot the app's modules: no worker, no consumer.
 * `withoutWorkers(() => NestFactory.createApplicationContext(AppModule))`
 *
 * @example
 * ```ts
 * const seed = (boot: () => Promise<{ close(): Promise<void> }>) => withoutWorkers(boot);
 * ```
 */
export function withoutWorkers<T>(boot: () => Promise<T>): Promise<T> {
  return script().run(true, boot);
}

export const isWithoutWorkers = (): boolean => script().getStore() === true;
