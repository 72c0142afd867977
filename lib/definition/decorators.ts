import { Injectable } from '@nestjs/common';
import type { Runnable, TickRunnable } from '../contract/runnable.js';
import { BackgroundWorkerError } from '../shared/errors.js';
import type { LoopOptions, TickOptions, WorkerOptions } from './options.js';

const METADATA = Symbol.for('nestjs-background-worker:worker');
const VERSION = 1;

interface WorkerMetadata {
  readonly v: number;
  readonly options: WorkerOptions;
}

type ClassOf<R> = abstract new (...args: never[]) => R;

/**
 * Makes a provider a worker: it starts when the app has booted, is restarted with backoff when it fails, and is drained
 * before anything it depends on is destroyed. Implies `@Injectable()`. Options are validated when the app starts.
 */
export function BackgroundWorker(options: TickOptions): <C extends ClassOf<TickRunnable>>(target: C) => void;
export function BackgroundWorker(options?: LoopOptions): <C extends ClassOf<Runnable>>(target: C) => void;
export function BackgroundWorker(options: WorkerOptions = {}): (target: ClassOf<unknown>) => void {
  return (target) => {
    Injectable()(target);
    Object.defineProperty(target, METADATA, { value: { v: VERSION, options } satisfies WorkerMetadata });
  };
}

/**
 * The options of a decorated class, its own or inherited.
 * @throws BackgroundWorkerError `BGW_METADATA_VERSION` where another version of the package wrote them
 */
export function workerOptionsOf(target: object): WorkerOptions | undefined {
  const metadata = (target as { [METADATA]?: WorkerMetadata })[METADATA];
  if (metadata === undefined) return undefined;
  if (metadata.v === VERSION) return metadata.options;
  throw new BackgroundWorkerError(
    'BGW_METADATA_VERSION',
    `${(target as { name?: string }).name}: decorated by a copy of nestjs-background-worker whose metadata is version ${metadata.v}; this copy reads version ${VERSION}`,
  );
}
