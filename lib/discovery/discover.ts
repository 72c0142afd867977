import type { ModulesContainer } from '@nestjs/core';
import type { Runnable, TickRunnable } from '../contract/runnable.js';
import { workerOptionsOf } from '../definition/decorators.js';
import type { WorkerOptions } from '../definition/options.js';
import { BackgroundWorkerError } from '../shared/errors.js';

export interface Found {
  /** The class that is run. */
  readonly subject: string;
  readonly options: WorkerOptions;
  readonly target: Runnable | TickRunnable;
  readonly classes: readonly unknown[];
  readonly module: string;
}

type Module = ModulesContainer extends Map<string, infer M> ? M : never;
type Wrapper = Module['providers'] extends Map<unknown, infer W> ? W : never;
type Class = (abstract new (...args: never[]) => unknown) & { readonly name: string };

const isWorker = (value: unknown): value is Class =>
  typeof value === 'function' && workerOptionsOf(value) !== undefined;

/** The decorated class behind a provider: its instance's, else the token it was overridden under. */
function decorated({ instance, metatype, token }: Wrapper): Class | undefined {
  const own: unknown = (instance as object | null | undefined)?.constructor;
  if (isWorker(own)) return own;
  if (metatype !== own && isWorker(metatype)) return metatype;
  return token !== metatype && token !== own && isWorker(token) ? token : undefined;
}

/**
 * Finds the decorated providers of these modules, each instance once.
 * @param skipped told of providers that were replaced by something that cannot run
 * @throws BackgroundWorkerError `BGW_SCOPED_WORKER`, `BGW_NOT_A_WORKER`, `BGW_METADATA_VERSION`
 */
export function discover(modules: Iterable<Module>, skipped: (line: string) => void): readonly Found[] {
  const found = new Map<unknown, Found>();
  for (const module of modules) {
    for (const wrapper of module.providers.values()) {
      const by = decorated(wrapper);
      if (!by) continue;
      if (wrapper.isTransient || !wrapper.isDependencyTreeStatic()) throw scoped(by);
      const instance: unknown = wrapper.instance;
      if (typeof instance !== 'object' || instance === null) continue;
      if (isRunnable(instance)) found.set(instance, merge(found.get(instance), by, instance, wrapper, module));
      else if (instance instanceof by) throw notRunnable(by);
      else skipped(`${by.name} was replaced by a provider without run(): no worker`);
    }
  }
  return [...found.values()];
}

function merge(before: Found | undefined, by: Class, target: Runnable, { token }: Wrapper, { name }: Module): Found {
  const subject = isWorker(target.constructor) ? target.constructor.name : by.name;
  const classes = [...new Set([...(before?.classes ?? []), target.constructor, by, token])];
  return before
    ? { ...before, classes }
    : { subject, options: workerOptionsOf(by) ?? {}, target, classes, module: name };
}

const isRunnable = (instance: object): instance is Runnable =>
  typeof (instance as { run?: unknown }).run === 'function';

const scoped = ({ name }: Class): BackgroundWorkerError =>
  new BackgroundWorkerError(
    'BGW_SCOPED_WORKER',
    `${name} is request- or transient-scoped, or depends on something that is; a worker lives as long as the app: make it a default-scoped provider and use ctx.resolve() inside a unit of work`,
  );

const notRunnable = ({ name }: Class): BackgroundWorkerError =>
  new BackgroundWorkerError(
    'BGW_NOT_A_WORKER',
    `${name} is decorated with @BackgroundWorker() but has no run() method`,
  );
