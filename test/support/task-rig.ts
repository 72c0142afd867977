import { AsyncLocalStorage } from 'node:async_hooks';
import type { Logger, LoggerService } from '@nestjs/common';
import type { ModuleRef } from '@nestjs/core';

import type { WorkerEvent } from '../../lib/contract/events.js';
import type { PoolOptions } from '../../lib/contract/tasks.js';
import type { UnitInterceptor } from '../../lib/contract/units.js';
import type { BackgroundWorkerModuleOptions } from '../../lib/definition/module-options.js';
import { startLog } from '../../lib/events/log/log.js';
import { EventHub } from '../../lib/events/event-hub.js';
import { Inside } from '../../lib/shared/inside.js';
import { RootContext } from '../../lib/shared/root-context.js';
import { BackgroundTasks } from '../../lib/tasks/calls/background-tasks.js';
import { Closing } from '../../lib/tasks/ending/closing.js';
import { Handlers, type FoundHandler } from '../../lib/tasks/wire/handlers.js';
import { MemoryTransport } from '../../lib/tasks/wire/memory-transport.js';
import type { TaskTransport } from '../../lib/tasks/wire/transport.js';
import { AppTasks } from '../../lib/tasks/app-tasks.js';
import { taskEnvironment } from '../../lib/tasks/pool/task-environment.js';
import { UNIT_EVENTS } from '../../lib/units/environment.js';
import { FakeClock } from './fake-clock.js';

export interface TaskRigOptions {
  readonly pool?: PoolOptions;
  readonly pools?: Record<string, PoolOptions>;
  readonly interceptors?: readonly UnitInterceptor[];
  readonly handlers?: readonly FoundHandler[];
  readonly onError?: BackgroundWorkerModuleOptions['onError'];
  readonly consumes?: boolean;
  /** Nobody listens to events. */
  readonly quiet?: boolean;
  readonly grace?: number;
  /** Default true: the app has booted. */
  readonly booted?: boolean;
  /** Default: in memory. */
  readonly transport?: TaskTransport;
}

/** The tasks of an app as the app makes them, on the fake clock, without Nest. */
export class TaskRig {
  readonly clock = new FakeClock();
  readonly events: WorkerEvent[] = [];
  readonly lines: string[] = [];
  readonly broken: unknown[] = [];
  readonly app: AppTasks;
  readonly tasks: BackgroundTasks;
  readonly closing: Closing;

  constructor(options: TaskRigOptions = {}) {
    const {
      pool = {},
      pools = {},
      interceptors = [],
      handlers = [],
      consumes = true,
      grace = 3_000,
      booted = true,
    } = options;
    this.clock.draw = 0;
    const root = new RootContext();
    const hub = new EventHub(this.clock, (error) => this.broken.push(error), root.run);
    if (!options.quiet) hub.onAny((event) => this.events.push(event));
    const say = (message: unknown): void => void this.lines.push(String(message));
    const logger: LoggerService = { log: say, error: say, warn: say, debug: say, verbose: () => undefined };
    const moduleRef = {} as ModuleRef;
    const unitAudience = hub.audience(UNIT_EVENTS);
    const environment = { clock: this.clock, hub, unitAudience, moduleRef, inside: new Inside(), root, interceptors };
    startLog(hub, logger as Logger, this.clock);
    this.app = new AppTasks(
      taskEnvironment(environment, options.onError),
      new Handlers(handlers),
      options.transport ?? new MemoryTransport(),
      { ...pools, default: pool },
      consumes,
      logger,
    );
    if (booted) this.app.consume();
    this.tasks = this.named();
    this.closing = new Closing(this.app, this.clock, grace);
  }

  named(name?: string): BackgroundTasks {
    return new BackgroundTasks({ tasks: () => this.app }, name);
  }

  types(): readonly string[] {
    return this.events.map(({ type }) => type);
  }
}

/** Has Node follow async contexts, as an app does that uses AsyncLocalStorage. */
export const followContexts = (): void => new AsyncLocalStorage<string>().run('of somebody else', () => undefined);

/** What a promise rejects with. */
export const rejectionOf = async (promise: Promise<unknown>): Promise<unknown> =>
  await promise.then(
    () => {
      throw new Error('it did not reject');
    },
    (error: unknown) => error,
  );
