import { Inject } from '@nestjs/common';
import type { SchemaOutput, StandardSchemaV1 } from '../contract/standard-schema.js';
import type { TaskHandlerMethod } from '../contract/task-handlers.js';
import type { TaskContext } from '../contract/tasks.js';
import { BackgroundWorkerError } from '../shared/errors.js';
import type { HandlerOptions, TaskOptions } from './task-options.js';

const METADATA = Symbol.for('nestjs-background-worker:tasks');
const VERSION = 1;

interface TaskMetadata {
  readonly v: number;
  /** By method. */
  readonly handlers: Readonly<Record<string, HandlerOptions>>;
}

export type TaskDecorator<H> = <F extends H>(
  target: object,
  key: string,
  descriptor: TypedPropertyDescriptor<F>,
) => void;

/**
 * Makes a provider's method a handler of tasks: `tasks.dispatch(Class, 'method', payload)` sends it JSON through the
 * configured transport, `tasks.run()` calls it in this process. Options are validated when the app starts. (After Celery's `@shared_task`.)
 */
export function BackgroundTask<S extends StandardSchemaV1>(
  options: TaskOptions & { payload: S },
): TaskDecorator<(payload: SchemaOutput<S>, ctx: TaskContext) => unknown>;
export function BackgroundTask(options?: TaskOptions): TaskDecorator<TaskHandlerMethod>;
export function BackgroundTask(options: HandlerOptions = {}): TaskDecorator<TaskHandlerMethod> {
  return (target, key) => {
    const inherited = Reflect.getMetadata(METADATA, target) as TaskMetadata | undefined;
    const metadata: TaskMetadata = { v: VERSION, handlers: { ...inherited?.handlers, [key]: options } };
    Reflect.defineMetadata(METADATA, metadata, target);
  };
}

/**
 * The handlers of a class by method, its own and inherited.
 * @throws BackgroundWorkerError `BGW_METADATA_VERSION` where another version of the package wrote them
 */
export function taskHandlersOf(target: {
  readonly name: string;
  readonly prototype?: unknown;
}): TaskMetadata['handlers'] | undefined {
  const { prototype } = target;
  if (typeof prototype !== 'object' || prototype === null) return undefined;
  const metadata = Reflect.getMetadata(METADATA, prototype) as TaskMetadata | undefined;
  if (metadata === undefined || metadata.v === VERSION) return metadata?.handlers;
  throw new BackgroundWorkerError(
    'BGW_METADATA_VERSION',
    `${target.name}: its tasks were decorated by a copy of nestjs-background-worker whose metadata is version ${metadata.v}; this copy reads version ${VERSION}`,
  );
}

/** The injection token of a named pool. */
export const poolToken = (name: string): string => `nestjs-background-worker:pool:${name}`;

/** Injects a named pool: a `BackgroundTasks` of its own, with the bounds that the module's option `pools` gives it. */
export const InjectTaskPool = (name: string): ParameterDecorator & PropertyDecorator => Inject(poolToken(name));
