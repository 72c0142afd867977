import type { ModulesContainer } from '@nestjs/core';
import { SHUTDOWN_TIMEOUT, workerNameOf } from '../definition/definition.js';
import { metadataOf, type Class } from '../definition/metadata.js';
import { MODULE_OPTIONS, guardOptionsOf, type BackgroundWorkerModuleOptions } from '../definition/module-options.js';
import { decide } from '../guard/origin.js';
import { creationOf } from '../guard/creation.js';
import { isWithoutWorkers, selectionOf } from '../host/enabled.js';
import { isRepl } from '../host/repl.js';
import type { Clock } from '../shared/clock.js';
import type { EventHub } from '../events/event-hub.js';
import { rootModuleOf } from './configuration.js';

/** The names of workers as the classes tell them, before any provider is made: one that a factory makes is not known yet. */
function workersOf(modules: ModulesContainer): readonly string[] {
  const names = new Set<string>();
  for (const { providers, controllers } of modules.values())
    for (const injectables of [providers, controllers])
      for (const { metatype, isNotMetatype } of injectables.values()) {
        const known =
          typeof metatype === 'function' && !isNotMetatype ? metadataOf(metatype as Class)?.worker : undefined;
        if (known) names.add(known.name ?? workerNameOf((metatype as Class).name));
      }
  return [...names];
}

interface App {
  readonly rootModule: string;
  readonly workers: readonly string[];
  /** Among the apps of its process. */
  readonly created: number;
}

/** What is known of an app while it is made. */
export const appOf = (modules: ModulesContainer): App => ({
  rootModule: rootModuleOf(modules),
  workers: workersOf(modules),
  created: creationOf(modules),
});

/**
 * Holds up create() while an app that this one follows closes: Nest binds the ports of microservices and gateways before any hook.
 * @param given the options of this module; another one may have those of the app
 */
export async function lookBeforePorts(
  given: BackgroundWorkerModuleOptions | undefined,
  modules: ModulesContainer,
  clock: Clock,
  hub: EventHub,
): Promise<void> {
  const isConfigured = [...modules.values()].some(({ providers }) => providers.has(MODULE_OPTIONS));
  if ((!given && isConfigured) || isWithoutWorkers() || isRepl()) return;
  const { enabled, shutdownTimeout = SHUTDOWN_TIMEOUT, ...options } = given ?? {};
  const guard = guardOptionsOf(options);
  try {
    const app = appOf(modules);
    const selection = selectionOf(enabled, process.env);
    if (!app.workers.some((name) => selection.includes(name)) || !decide(guard).on) return;
    const { lookFirst } = await import('../guard/make-guard.js');
    await lookFirst(guard, { ...app, clock, hub, shutdownTimeout });
  } catch {
    // What is wrong with the options, the metadata or the guard is said in onModuleInit.
  }
}
