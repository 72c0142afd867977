import type { ModulesContainer } from '@nestjs/core';
import { taskHandlersOf } from '../definition/task-decorator.js';
import { BackgroundWorkerError } from '../shared/errors.js';
import type { FoundHandler } from '../tasks/handlers.js';

type Module = ModulesContainer extends Map<string, infer M> ? M : never;
type Class = (abstract new (...args: never[]) => unknown) & { readonly name: string; readonly prototype: unknown };

const isClass = (value: unknown): value is Class => typeof value === 'function';

/**
 * Finds the task handlers among the providers and controllers of these modules, those of each instance once.
 * @param skipped told of providers that were replaced by something without the method
 * @throws BackgroundWorkerError `BGW_SCOPED_WORKER`, `BGW_METADATA_VERSION`
 */
export function discoverHandlers(modules: Iterable<Module>, skipped: (line: string) => void): readonly FoundHandler[] {
  const found = new Map<object, FoundHandler[]>();
  for (const module of modules) {
    for (const wrapper of [...module.providers.values(), ...module.controllers.values()]) {
      const instance = wrapper.instance as object | null | undefined;
      const by = [instance?.constructor, wrapper.metatype, wrapper.token].find(
        (one) => isClass(one) && taskHandlersOf(one),
      );
      if (!isClass(by)) continue;
      if (wrapper.isTransient || !wrapper.isDependencyTreeStatic()) throw scoped(by);
      if (typeof instance !== 'object' || instance === null) continue;
      const classes = [instance.constructor, by, wrapper.token];
      const before = found.get(instance);
      if (before) for (const one of before) (one.classes as unknown[]).push(...classes);
      else found.set(instance, handlersOf(instance, by, classes, module.name, skipped));
    }
  }
  return [...found.values()].flat();
}

function handlersOf(
  target: object,
  by: Class,
  classes: readonly unknown[],
  module: string,
  skipped: (line: string) => void,
): FoundHandler[] {
  return Object.entries(taskHandlersOf(by) ?? {}).flatMap(([method, options]) => {
    if (typeof (target as Record<string, unknown>)[method] === 'function')
      return [{ subject: by.name, method, options, target, classes: [...classes], module }];
    skipped(`${by.name} was replaced by a provider without ${method}(): no handler`);
    return [];
  });
}

const scoped = ({ name }: Class): BackgroundWorkerError =>
  new BackgroundWorkerError(
    'BGW_SCOPED_WORKER',
    `${name} has task handlers and is request- or transient-scoped, or depends on something that is; make it default-scoped and use ctx.resolve() inside the task`,
  );
