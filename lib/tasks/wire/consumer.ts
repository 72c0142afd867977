import type { TaskStatus } from '../../contract/tasks.js';
import { BackgroundWorkerError } from '../../shared/errors.js';
import type { Pools } from '../pool/pools.js';
import type { TaskEnvironment } from '../pool/task-environment.js';
import { deliver } from './deliver.js';
import type { Handler, Handlers } from './handlers.js';
import { Held } from './held.js';
import type { Delivered, Delivery, TaskConsumer } from './transport.js';

/** Another process may have the handler: how long a message is kept whose name is unknown here, in milliseconds. */
const UNKNOWN = 5_000;

/** What a transport sees of this process: its handlers, and what becomes of a message that it has for them. */
export class Consumer implements TaskConsumer {
  private stage: 'open' | 'stopping' = 'open';
  private readonly held = new Set<Held>();
  /** The last delivery of each of an engine's tasks that are here. */
  private readonly lent = new Map<string, Delivered>();

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
    const { owner, message } = delivery;
    switch (owner) {
      case 'process':
        return this.begin(delivery, this.registry.get(message.name));
      case 'engine':
        return this.borrow(delivery);
      default:
        return owner satisfies never;
    }
  }

  assertRoom(handler: string, waiting: number): void {
    this.pools.ofHandler(this.registry.get(handler).name).assertRoom(waiting);
  }

  status(id: string): TaskStatus | undefined {
    return this.environment.ledger.status(id);
  }

  /** The app stops: what an engine owns, and has not begun, is the engine's again at once; so is what still comes. */
  stop(): void {
    this.stage = 'stopping';
    for (const one of [...this.held]) one.cancel();
    for (const pool of this.pools.all) for (const task of pool.unbegun) if (task.spec.engine) pool.lose(task);
  }

  private begin(delivery: Delivery, handler: Handler): Delivered {
    return deliver(this.environment, this.pools.ofHandler(handler.name), handler, delivery);
  }

  private borrow(delivery: Delivery): Delivered {
    const { id } = delivery.message;
    const delivered = this.take(delivery, this.lent.get(id));
    this.lent.set(id, delivered);
    void delivered.ended.then(() => this.lent.get(id) === delivered && this.lent.delete(id));
    return delivered;
  }

  /** @param before of the same task: never two of its functions at a time */
  private take(delivery: Delivery, before: Delivered | undefined): Delivered {
    const { name } = delivery.message;
    if (this.stage === 'stopping') return this.returned(name);
    const handler = this.registry.find(name);
    if (!handler) return this.unknown(delivery);
    if (!before) return this.begin(delivery, handler);
    const held = this.hold(new Held(stopping(name)));
    void before.ended.then(() => held.begin(() => this.begin(delivery, handler)));
    return held;
  }

  private returned(name: string): Held {
    const held = new Held(stopping(name));
    held.cancel();
    return held;
  }

  private unknown({ message: { id, name }, attempt }: Delivery): Held {
    const { clock, hub } = this.environment;
    const error = new BackgroundWorkerError(
      'BGW_UNKNOWN_HANDLER',
      `no handler of the task ${name} in this process; it is handed back`,
    );
    const held = this.hold(new Held(error));
    const timer = clock.after(UNKNOWN, () => held.cancel(), { unref: true });
    void held.ended.then(() => timer.cancel());
    hub.emit({ task: id }, { type: 'taskUnknownHandler', name, error, attempt });
    return held;
  }

  private hold(held: Held): Held {
    this.held.add(held);
    void held.ended.then(() => this.held.delete(held));
    return held;
  }
}

const stopping = (name: string): BackgroundWorkerError =>
  new BackgroundWorkerError('BGW_SHUTTING_DOWN', `the task ${name} is handed back: the app shuts down`);
