import type { TaskStatus } from '../../contract/tasks.js';
import { deferred } from '../../shared/deferred.js';
import { BackgroundWorkerError } from '../../shared/errors.js';
import type { Pools } from '../pool/pools.js';
import type { TaskEnvironment } from '../pool/task-environment.js';
import { deliver } from './deliver.js';
import type { Handler, Handlers } from './handlers.js';
import type { Delivered, Delivery, DeliveryEnd, TaskConsumer } from './transport.js';

/** Another process may have the handler: how long a message is kept whose name is unknown here, in milliseconds. */
const UNKNOWN = 5_000;

/** What a transport sees of this process: its handlers, and what becomes of a message that it has for them. */
export class Consumer implements TaskConsumer {
  constructor(
    private readonly environment: TaskEnvironment,
    private readonly registry: Handlers,
    private readonly pools: Pools,
  ) {}

  get handlers(): readonly Handler[] {
    return this.registry.all;
  }

  capacity(handler: string): number {
    return this.pools.ofHandler(handler).concurrency;
  }

  deliver(delivery: Delivery): Delivered {
    const { message, owner } = delivery;
    const handler = this.registry.find(message.name);
    if (!handler && owner === 'engine') return this.unknown(delivery);
    const pool = this.pools.ofHandler(message.name);
    return deliver(this.environment, pool, handler ?? this.registry.get(message.name), delivery);
  }

  assertRoom(handler: string, waiting: number): void {
    this.pools.ofHandler(this.registry.get(handler).name).assertRoom(waiting);
  }

  status(id: string): TaskStatus | undefined {
    return this.environment.ledger.status(id);
  }

  private unknown({ message: { id, name }, attempt }: Delivery): Delivered {
    const { clock, hub } = this.environment;
    const error = new BackgroundWorkerError(
      'BGW_UNKNOWN_HANDLER',
      `no handler of the task ${name} in this process; it is handed back`,
    );
    const handedBack: DeliveryEnd = { type: 'handedBack', error };
    const ended = deferred<DeliveryEnd>();
    const timer = clock.after(UNKNOWN, () => ended.resolve(handedBack), { unref: true });
    const cancel = (): void => {
      timer.cancel();
      ended.resolve(handedBack);
    };
    hub.emit({ task: id }, { type: 'taskUnknownHandler', name, error, attempt });
    return { ended: ended.promise, cancel };
  }
}
