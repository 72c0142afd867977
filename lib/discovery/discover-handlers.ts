import type { FoundHandler } from '../tasks/wire/handlers.js';
import type { Decorated } from './decorated.js';

/**
 * The task handlers among them, those of each instance once.
 * @param skipped told of providers that were replaced by something without the method
 */
export function discoverHandlers(all: Iterable<Decorated>, skipped: (line: string) => void): readonly FoundHandler[] {
  const found = new Map<object, FoundHandler[]>();
  for (const { instance: target, token, module, marks } of all) {
    const { by, metadata } = marks.find((mark) => mark.metadata.handlers) ?? {};
    if (!by || !metadata?.handlers) continue;
    const before = found.get(target);
    const classes = [target.constructor, by, token];
    const handlers = before?.map((one) => ({ ...one, classes: [...one.classes, ...classes] }));
    found.set(target, handlers ?? []);
    if (handlers) continue;
    for (const [method, options] of Object.entries(metadata.handlers))
      if (typeof (target as Record<string, unknown>)[method] === 'function')
        found.get(target)?.push({ subject: by.name, method, options, target, classes, module });
      else skipped(`${by.name} was replaced by a provider without ${method}(): no handler`);
  }
  return [...found.values()].flat();
}
