import type { Logger } from '@nestjs/common';
import type { LazyModuleLoader, ModulesContainer } from '@nestjs/core';
import { messageOf } from '../shared/errors.js';
import { discover } from './discover.js';

/** Nest calls no hooks of a lazily loaded module: names the workers in it that were not started. */
export function watchLazyModules(loader: LazyModuleLoader, modules: ModulesContainer, logger: Logger): void {
  const load = loader.load.bind(loader);
  loader.load = async (...args) => {
    const before = new Set(modules.keys());
    const loaded = await load(...args);
    const added = [...modules].filter(([token]) => !before.has(token)).map(([, module]) => module);
    for (const { subject, module } of workersIn(added, logger)) {
      logger.warn(
        `${subject} is in ${module}, which was loaded lazily: it was not started; use BackgroundWorkers.add() or import the module eagerly`,
      );
    }
    return loaded;
  };
}

/** What is wrong with a worker that will not run anyway is no reason to fail the module. */
function workersIn(modules: Parameters<typeof discover>[0], logger: Logger): ReturnType<typeof discover> {
  try {
    return discover(modules, () => undefined);
  } catch (error) {
    logger.warn(messageOf(error));
    return [];
  }
}
