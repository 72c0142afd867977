import type { LoggerService } from '@nestjs/common';
import type { PoolOptions, TaskStatus } from '../contract/tasks.js';
import { Pools } from './pool/pools.js';
import type { TaskEnvironment } from './pool/task-environment.js';
import { Task } from './pool/task.js';
import { Consumer } from './wire/consumer.js';
import type { Handlers } from './wire/handlers.js';
import { TransportLife } from './wire/transport-life.js';
import type { TaskTransport } from './wire/transport.js';

/** An app's pools, handlers and transport. */
export class AppTasks {
  readonly pools: Pools;
  readonly life: TransportLife;
  /** Absent where this process takes no tasks. */
  private readonly consumer: Consumer | undefined;

  constructor(
    readonly environment: TaskEnvironment,
    readonly handlers: Handlers,
    readonly transport: TaskTransport,
    pools: Readonly<Record<string, PoolOptions>>,
    consumes: boolean,
    logger: LoggerService,
  ) {
    const { clock, hub } = environment;
    this.pools = new Pools(environment, pools, handlers.all);
    this.life = new TransportLife(transport, clock, hub);
    this.consumer = consumes ? new Consumer(environment, handlers, this.pools) : undefined;
    transport.connect({ consumer: this.consumer, clock, hub, logger });
  }

  /** The app has booted. */
  consume(): void {
    if (this.consumer) this.life.consume();
  }

  /** The app stops. @returns when the transport has, or its time is up */
  stop(deadline: number): Promise<void> {
    const stopped = this.life.stop(deadline);
    this.consumer?.stop();
    return stopped;
  }

  /** Nothing is accepted any more. */
  async close(deadline: number): Promise<void> {
    this.environment.intake.close();
    for (const pool of this.pools.all) {
      pool.turnAway(() => true);
      pool.left();
    }
    await this.life.close(deadline);
  }

  status(id: string): TaskStatus | undefined {
    return this.environment.ledger.status(id);
  }

  /** @returns whether there was such a failed task */
  retry(id: string): boolean {
    const failed = this.environment.ledger.failedTask(id);
    if (!failed) return false;
    const again = new Task<unknown>(failed.pool, failed.fn, { ...failed.spec, id });
    failed.pool.add(again, undefined);
    this.environment.ledger.again(again);
    return true;
  }
}
