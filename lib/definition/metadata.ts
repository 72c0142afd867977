import { BackgroundWorkerError } from '../shared/errors.js';
import type { WorkerOptions } from './options.js';
import type { HandlerOptions } from './task-options.js';

const METADATA = Symbol.for('nestjs-background-worker:metadata');
const VERSION = 1;

/** What the decorators say of a class. One key for all: discovery looks at every provider of the app. */
export interface Metadata {
  readonly v: number;
  /** Of a worker. */
  readonly worker?: WorkerOptions;
  /** The options of task handlers, by method. */
  readonly handlers?: Readonly<Record<string, HandlerOptions>>;
  /** Of an adapter around units: the line that registers it, for messages. */
  readonly aroundUnits?: string;
}

export type Class = (abstract new (...args: never[]) => unknown) & { readonly name: string };

/**
 * The metadata of a class, its own or inherited.
 * @throws BackgroundWorkerError `BGW_METADATA_VERSION` where another version of the package wrote it
 */
export function metadataOf(target: Class): Metadata | undefined {
  const metadata = (target as { [METADATA]?: Metadata })[METADATA];
  if (metadata === undefined || metadata.v === VERSION) return metadata;
  throw new BackgroundWorkerError(
    'BGW_METADATA_VERSION',
    `${target.name}: decorated by a copy of nestjs-background-worker whose metadata is version ${metadata.v}; this copy reads version ${VERSION}`,
  );
}

/** Adds to what is said of a class already, or inherited. */
export function addMetadata(target: Class, { worker, handlers, aroundUnits }: Omit<Metadata, 'v'>): void {
  const before = metadataOf(target);
  const all = handlers && before?.handlers ? { ...before.handlers, ...handlers } : (handlers ?? before?.handlers);
  const value: Metadata = {
    v: VERSION,
    worker: worker ?? before?.worker,
    handlers: all,
    aroundUnits: aroundUnits ?? before?.aroundUnits,
  };
  Object.defineProperty(target, METADATA, { value, configurable: true });
}
