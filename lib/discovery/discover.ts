import type { Runnable, TickRunnable } from '../contract/runnable.js';
import type { Class } from '../definition/metadata.js';
import type { WorkerOptions } from '../definition/options.js';
import { BackgroundWorkerError } from '../shared/errors.js';
import type { Decorated } from './decorated.js';

export interface Found {
  /** The class that is run. */
  readonly subject: string;
  readonly options: WorkerOptions;
  readonly target: Runnable | TickRunnable;
  readonly classes: readonly unknown[];
  readonly module: string;
}

/**
 * The workers among them, each instance once.
 * @param skipped told of providers that were replaced by something that cannot run
 * @throws BackgroundWorkerError `BGW_NOT_A_WORKER`
 */
export function discover(all: Iterable<Decorated>, skipped: (line: string) => void): readonly Found[] {
  const found = new Map<object, Found>();
  for (const { instance, token, module, marks } of all) {
    const { by, metadata } = marks.find((mark) => mark.metadata.worker) ?? {};
    if (!by || !metadata?.worker) continue;
    if (isRunnable(instance)) {
      const before = found.get(instance);
      const classes = distinct(...(before?.classes ?? []), instance.constructor, by, token);
      const first = { subject: by.name, options: metadata.worker, target: instance, module };
      found.set(instance, { ...(before ?? first), classes });
    } else if (instance instanceof by) throw notRunnable(by);
    else skipped(`${by.name} was replaced by a provider without run(): no worker`);
  }
  return [...found.values()];
}

/** A copy, which has no room to grow. */
const distinct = (...all: readonly unknown[]): readonly unknown[] => [...new Set(all)].slice();

const isRunnable = (instance: object): instance is Runnable =>
  typeof (instance as { run?: unknown }).run === 'function';

const notRunnable = ({ name }: Class): BackgroundWorkerError =>
  new BackgroundWorkerError(
    'BGW_NOT_A_WORKER',
    `${name} is decorated with @BackgroundWorker() but has no run() method`,
  );
