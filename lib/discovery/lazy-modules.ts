import type { LazyModuleLoader, ModulesContainer } from '@nestjs/core';
import type { Metadata } from '../definition/metadata.js';
import type { EventHub } from '../events/event-hub.js';
import { decorated, type Decorated, type Module } from './decorated.js';

/** Nest calls no hooks of a lazily loaded module: names what in it stays idle. */
export function watchLazyModules(loader: LazyModuleLoader, modules: ModulesContainer, hub: EventHub): void {
  const load = loader.load.bind(loader);
  loader.load = async (...args) => {
    const before = new Set(modules.keys());
    const loaded = await load(...args);
    const added = [...modules].filter(([token]) => !before.has(token)).map(([, module]) => module);
    for (const { marks, module } of decoratedIn(added, hub))
      for (const { by, metadata } of marks)
        hub.note({
          type: 'loadedLazily',
          what: `${by.name} is in ${module}, which was loaded lazily: ${lackOf(metadata)} import the module eagerly`,
        });
    return loaded;
  };
}

function lackOf({ worker, handlers }: Metadata): string {
  if (worker) return 'it was not started; use BackgroundWorkers.add() or';
  return handlers
    ? 'its task handlers are unknown; dispatch to a class of an eager module or'
    : 'it is around no units;';
}

/** What is wrong with a worker that will not run anyway is no reason to fail the module. */
function decoratedIn(modules: readonly Module[], hub: EventHub): readonly Decorated[] {
  try {
    return [...decorated(modules)];
  } catch (error) {
    hub.note({ type: 'unusable', error });
    return [];
  }
}
