import type { Logger } from '@nestjs/common';
import type { Clock } from '../../shared/clock.js';
import type { EventHub } from '../event-hub.js';
import { listenToNotices } from './app-lines.js';
import { TaskLines } from './task-lines.js';
import { WorkerLines } from './worker-lines.js';

/** The log: a listener like any other, and the one place that writes lines about workers, tasks and their end. */
export function startLog(hub: EventHub, logger: Logger, clock: Clock): void {
  new WorkerLines(logger, clock).listen(hub);
  new TaskLines(logger, clock).listen(hub);
  listenToNotices(hub, logger);
}
