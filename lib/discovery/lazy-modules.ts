import type { Logger } from '@nestjs/common';
import type { LazyModuleLoader, ModulesContainer } from '@nestjs/core';
import { messageOf } from '../shared/errors.js';
import { discoverHandlers } from './discover-handlers.js';
import { discover } from './discover.js';

/** Nest calls no hooks of a lazily loaded module: names the workers in it that were not started, and handlers that take no tasks. */
export function watchLazyModules(loader: LazyModuleLoader, modules: ModulesContainer, logger: Logger): void {
  const load = loader.load.bind(loader);
  loader.load = async (...args) => {
    const before = new Set(modules.keys());
    const loaded = await load(...args);
    const added = [...modules].filter(([token]) => !before.has(token)).map(([, module]) => module);
    for (const { subject, module } of found(() => discover(added, ignore), logger)) {
      logger.warn(
        `${subject} is in ${module}, which was loaded lazily: it was not started; use BackgroundWorkers.add() or import the module eagerly`,
      );
    }
    for (const { subject, method, module } of found(() => discoverHandlers(added, ignore), logger)) {
      logger.warn(
        `${subject}.${method} is in ${module}, which was loaded lazily: it takes no tasks; use BackgroundTasks.submit() or import the module eagerly`,
      );
    }
    return loaded;
  };
}

const ignore = (): void => undefined;

/** What is wrong with something that will not run anyway is no reason to fail the module. */
function found<T>(look: () => readonly T[], logger: Logger): readonly T[] {
  try {
    return look();
  } catch (error) {
    logger.warn(messageOf(error));
    return [];
  }
}
