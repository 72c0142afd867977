import type { ModulesContainer } from '@nestjs/core';
import { STATIC_CONTEXT } from '@nestjs/core/injector/constants.js';
import {
  MODULE_OPTIONS,
  validateModuleOptions,
  type BackgroundWorkerModuleOptions,
} from '../definition/module-options.js';
import { BackgroundWorkerError } from '../shared/errors.js';

/**
 * The one configuration of an app; bare imports share it.
 * @throws BackgroundWorkerError `BGW_TWO_CONFIGURATIONS`, `BGW_INVALID_OPTION`
 */
export function configurationOf(modules: ModulesContainer): BackgroundWorkerModuleOptions {
  const configured = [...modules.values()].filter((module) => module.providers.has(MODULE_OPTIONS));
  if (configured.length > 1) {
    const importers = configured.map((one) => {
      const names = [...modules.values()].filter(({ imports }) => imports.has(one)).map(({ name }) => name);
      return names.join(', ') || 'the root';
    });
    throw new BackgroundWorkerError(
      'BGW_TWO_CONFIGURATIONS',
      `BackgroundWorkerModule is configured twice in one app: by ${importers.join(' and by ')}; configure it once and import the bare BackgroundWorkerModule elsewhere`,
    );
  }
  const options = (configured[0]?.providers.get(MODULE_OPTIONS)?.instance ?? {}) as BackgroundWorkerModuleOptions;
  validateModuleOptions(options);
  return options;
}

/**
 * Nest calls constructors in an order of its own: before the last of them nobody knows all workers, nor the options.
 * @throws BackgroundWorkerError `BGW_TOO_EARLY`
 */
export function assertInstantiated(modules: ModulesContainer): void {
  for (const { name, providers } of modules.values()) {
    for (const wrapper of providers.values()) {
      if (wrapper.isTransient || !wrapper.isDependencyTreeStatic()) continue;
      if (wrapper.getInstanceByContextId(STATIC_CONTEXT).isResolved) continue;
      throw new BackgroundWorkerError(
        'BGW_TOO_EARLY',
        `BackgroundWorkers or BackgroundTasks was called while Nest still makes the providers of ${name}; call it in onModuleInit() or later, not in a constructor or factory`,
      );
    }
  }
}

/** The class that the app was made from: Nest keeps its own core module first, the root second. */
export function rootModuleOf(modules: ModulesContainer): string {
  const [, root] = [...modules.values()];
  return root?.name ?? '';
}

/** Our hooks run last at start and first at stop, wherever we and the database are imported. */
export function moveToTheEdge(modules: ModulesContainer, core: unknown): void {
  for (const module of modules.values()) if (module.metatype === core) module.distance = -1;
}
