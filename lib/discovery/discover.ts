import type { Runnable, TickRunnable } from '../contract/runnable.js';
import type { Class, Metadata } from '../definition/metadata.js';
import type { WorkerOptions } from '../definition/options.js';
import { BackgroundWorkerError } from '../shared/errors.js';
import type { FoundHandler } from '../tasks/wire/handlers.js';
import type { Decorated } from './decorated.js';

export interface Found {
  /** The class that is run. */
  readonly subject: string;
  readonly options: WorkerOptions;
  readonly target: Runnable | TickRunnable;
  readonly classes: readonly unknown[];
  readonly module: string;
}

/** An instance of a class with metadata of one kind. */
interface Marked<T> {
  readonly by: Class;
  readonly marked: T;
  readonly instance: object;
  readonly module: string;
  /** What it goes by: its classes, and the tokens that it is provided under. */
  readonly classes: readonly unknown[];
}

/** Each instance once, whatever it is provided as. */
function instancesWith<T>(all: Iterable<Decorated>, of: (metadata: Metadata) => T | undefined): Iterable<Marked<T>> {
  const found = new Map<object, Marked<T>>();
  for (const { instance, token, module, marks } of all)
    for (const { by, metadata } of marks) {
      const marked = of(metadata);
      if (marked === undefined) continue;
      const before = found.get(instance);
      const classes = distinct(...(before?.classes ?? []), instance.constructor, by, token);
      found.set(instance, { ...(before ?? { by, marked, instance, module }), classes });
      break;
    }
  return found.values();
}

/** A copy, which has no room to grow. */
const distinct = (...all: readonly unknown[]): readonly unknown[] => [...new Set(all)].slice();

/**
 * The workers among them.
 * @param skipped told of providers that were replaced by something that cannot run
 * @throws BackgroundWorkerError `BGW_NOT_A_WORKER`
 */
export function discover(all: Iterable<Decorated>, skipped: (line: string) => void): readonly Found[] {
  const found: Found[] = [];
  for (const { by, marked: options, instance: target, module, classes } of instancesWith(all, ({ worker }) => worker)) {
    if (isRunnable(target)) found.push({ subject: by.name, options, target, module, classes });
    else if (target instanceof by) throw notRunnable(by);
    else skipped(`${by.name} was replaced by a provider without run(): no worker`);
  }
  return found;
}

/**
 * The task handlers among them.
 * @param skipped told of providers that were replaced by something without the method
 */
export function discoverHandlers(all: Iterable<Decorated>, skipped: (line: string) => void): readonly FoundHandler[] {
  const found: FoundHandler[] = [];
  for (const { by, marked, instance: target, module, classes } of instancesWith(all, ({ handlers }) => handlers))
    for (const [method, options] of Object.entries(marked))
      if (has(target, method)) found.push({ subject: by.name, method, options, target, classes, module });
      else skipped(`${by.name} was replaced by a provider without ${method}(): no handler`);
  return found;
}

const has = (instance: object, method: string): boolean =>
  typeof (instance as Readonly<Record<string, unknown>>)[method] === 'function';
const isRunnable = (instance: object): instance is Runnable => has(instance, 'run');

const notRunnable = ({ name }: Class): BackgroundWorkerError =>
  new BackgroundWorkerError(
    'BGW_NOT_A_WORKER',
    `${name} is decorated with @BackgroundWorker() but has no run() method`,
  );
