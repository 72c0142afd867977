import type { ModuleRef } from '@nestjs/core';
import type { BackgroundWorkerModuleOptions } from '../definition/module-options.js';
import { TASKS, type Selection } from '../host/enabled.js';
import { Handlers } from '../tasks/wire/handlers.js';
import { MemoryTransport } from '../tasks/wire/memory-transport.js';
import { AppTasks } from '../tasks/app-tasks.js';
import { DEFAULT_POOL } from '../tasks/pool/pools.js';
import { taskEnvironment } from '../tasks/pool/task-environment.js';
import type { TaskTransport } from '../tasks/wire/transport.js';
import { OwnLogger } from '../shared/own-logger.js';
import type { UnitEnvironment } from '../units/environment.js';
import type { Decorated } from './decorated.js';
import { discoverHandlers } from './discover.js';

/**
 * The tasks of an app: its pools, its handlers and its transport.
 * @throws BackgroundWorkerError `BGW_DUPLICATE_HANDLER`, `BGW_INVALID_OPTION`
 */
export function assembleTasks(
  moduleRef: ModuleRef,
  environment: UnitEnvironment,
  options: BackgroundWorkerModuleOptions,
  selection: Selection,
  found: readonly Decorated[],
): AppTasks {
  const { transport = new MemoryTransport(), pool = {}, pools = {}, onError } = options;
  const { hub } = environment;
  const handlers = new Handlers(discoverHandlers(found, (what) => hub.note({ type: 'skipped', what })));
  if (process.env['NODE_ENV'] === 'production' && handlers.unnamed.length > 0)
    hub.note({ type: 'unnamedHandlers', handlers: handlers.unnamed });
  const through = (
    typeof transport === 'object' ? transport : moduleRef.get<TaskTransport>(transport, { strict: false })
  ) as TaskTransport;
  const all = { ...pools, [DEFAULT_POOL]: pool };
  return new AppTasks(
    taskEnvironment(environment, onError),
    handlers,
    through,
    all,
    selection.includes(TASKS),
    new OwnLogger('BackgroundWorker'),
  );
}
