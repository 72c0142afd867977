import type { Logger } from '@nestjs/common';
import type { ModuleRef, ModulesContainer } from '@nestjs/core';
import type { BackgroundWorkerModuleOptions } from '../definition/module-options.js';
import { TASKS, type Selection } from '../host/enabled.js';
import { Handlers } from '../tasks/handlers.js';
import { MemoryTransport } from '../tasks/memory-transport.js';
import { DEFAULT_POOL, TaskRoom } from '../tasks/room.js';
import { TaskSite, type TaskRuntime } from '../tasks/site.js';
import type { TaskTransport } from '../tasks/transport.js';
import { discoverHandlers } from './discover-handlers.js';

/**
 * The tasks of an app: its pools, its handlers and its transport.
 * @throws BackgroundWorkerError `BGW_DUPLICATE_HANDLER`, `BGW_INVALID_OPTION`, `BGW_SCOPED_WORKER`
 */
export function assembleTasks(
  { modules, moduleRef, logger }: { modules: ModulesContainer; moduleRef: ModuleRef; logger: Logger },
  runtime: TaskRuntime,
  options: BackgroundWorkerModuleOptions,
  selection: Selection,
): TaskRoom {
  const { transport = new MemoryTransport(), pool = {}, pools = {}, onError } = options;
  const handlers = new Handlers(discoverHandlers(modules.values(), (line) => logger.debug(line)));
  if (process.env['NODE_ENV'] === 'production' && handlers.unnamed.length > 0)
    logger.warn(
      `task handlers without a \`name\` of their own: ${handlers.unnamed.join(', ')}; renaming the class or method would orphan tasks that wait`,
    );
  const through = (
    typeof transport === 'object' ? transport : moduleRef.get<TaskTransport>(transport, { strict: false })
  ) as TaskTransport;
  const site = new TaskSite(runtime, logger, onError);
  const all = { ...pools, [DEFAULT_POOL]: pool };
  return new TaskRoom(site, handlers, through, all, selection.includes(TASKS), logger);
}
