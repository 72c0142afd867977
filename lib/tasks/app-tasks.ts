import type { LoggerService } from '@nestjs/common';
import type { PoolOptions, TaskHandle, TaskStatus } from '../contract/tasks.js';
import { BackgroundWorkerError, DoNotRestart } from '../shared/errors.js';
import { report } from '../shared/reporter.js';
import type { Handler, Handlers } from './wire/handlers.js';
import { isRefusal, parsed } from './wire/payload.js';
import { TaskPool } from './pool/pool.js';
import type { AppTaskEnvironment } from './app-task-environment.js';
import { specOf } from './pool/task-spec.js';
import { Task } from './pool/task.js';
import type { TaskConsumer, TaskMessage, TaskTransport } from './wire/transport.js';

export const DEFAULT_POOL = 'default';

/** An app's pools, handlers and transport. */
export class AppTasks implements TaskConsumer {
  private readonly named = new Map<string, TaskPool>();
  /** Of handlers with a `concurrency` of their own. */
  private readonly own = new Map<string, TaskPool>();

  constructor(
    readonly site: AppTaskEnvironment,
    readonly registry: Handlers,
    readonly transport: TaskTransport,
    pools: Readonly<Record<string, PoolOptions>>,
    private readonly consumes: boolean,
    readonly logger: LoggerService,
  ) {
    for (const [name, options] of Object.entries(pools)) this.named.set(name, new TaskPool(name, site, options));
    const queue = pools[DEFAULT_POOL]?.queue;
    for (const { name, concurrency } of registry.all)
      if (concurrency !== undefined) this.own.set(name, new TaskPool(name, site, { concurrency, queue }));
    const { clock, hub } = site;
    transport.connect({ consumer: consumes ? this : undefined, clock, hub, logger });
  }

  get handlers(): readonly Handler[] {
    return this.registry.all;
  }

  get pools(): readonly TaskPool[] {
    return [...this.named.values(), ...this.own.values()];
  }

  get running(): readonly Task<unknown>[] {
    return this.pools.flatMap((pool) => [...pool.running]);
  }

  /** The app has booted. */
  consume(): void {
    if (this.consumes) this.tell('begin to take tasks', () => this.transport.consume?.());
  }

  /** The app stops. */
  stop(): void {
    this.tell('stop taking tasks', () => this.transport.stop?.());
  }

  /** Nothing is accepted any more. */
  close(): void {
    this.site.close();
    for (const pool of this.pools) {
      pool.turnAway(() => true);
      pool.left();
    }
    this.tell('close', () => this.transport.close?.());
  }

  /** @throws BackgroundWorkerError `BGW_UNKNOWN_POOL` */
  pool(name: string): TaskPool {
    const pool = this.named.get(name);
    if (pool) return pool;
    const names = [...this.named.keys()].join(', ');
    throw new BackgroundWorkerError(
      'BGW_UNKNOWN_POOL',
      `no task pool "${name}" in option "pools"; there are: ${names}`,
    );
  }

  poolOf(handler: string): TaskPool {
    return this.own.get(handler) ?? this.pool(DEFAULT_POOL);
  }

  /** What `drain` of a pool waits for: of the default one also the handlers' own. */
  drained(pool: TaskPool): readonly TaskPool[] {
    return pool.name === DEFAULT_POOL ? [pool, ...this.own.values()] : [pool];
  }

  accept(
    message: TaskMessage,
    { retries, delay }: { readonly retries?: number; readonly delay?: number } = {},
  ): TaskHandle<unknown> {
    const handler = this.registry.get(message.name);
    const { name, timeout, backoff } = handler;
    const { id, headers } = message;
    const more = { name, id, headers, timeout, backoff, retries: retries ?? handler.retries };
    const pool = this.poolOf(name);
    const task = new Task<unknown>(pool, handling(handler, message.payload), specOf(this.site, undefined, more));
    pool.add(task, delay);
    this.site.ledger.again(task);
    return task;
  }

  status(id: string): TaskStatus | undefined {
    return this.site.ledger.status(id);
  }

  private tell(what: string, call: () => unknown): void {
    report(this.logger, `the task transport could not ${what}`, call);
  }

  /** @returns whether there was such a failed task */
  retry(id: string): boolean {
    const failed = this.site.ledger.failedTask(id);
    if (!failed) return false;
    const again = new Task<unknown>(failed.pool, failed.fn, { ...failed.spec, id });
    failed.pool.add(again, undefined);
    this.site.ledger.again(again);
    return true;
  }
}

/** Each attempt gets a copy of its own. */
const handling =
  (handler: Handler, json: string | undefined): Task<unknown>['fn'] =>
  async (ctx) => {
    const output = await parsed(handler.name, handler.payload, json).catch((error: unknown) => {
      throw isRefusal(error) ? new DoNotRestart(error) : error;
    });
    return await handler.call(output, ctx);
  };
