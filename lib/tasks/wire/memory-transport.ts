import { unsupported } from '../../definition/validation.js';
import { BackgroundWorkerError } from '../../shared/errors.js';
import type { TaskStatus } from '../../contract/tasks.js';
import type { Delivery, Sending, TaskConsumer, TaskMessage, TaskTransport, TransportApp } from './transport.js';

const KNOWN: readonly unknown[] = ['queued', 'running', 'retrying', 'done'];

/** Into this process's pools, from the end of the boot on. Not durable; priorities are not looked at. */
export class MemoryTransport implements TaskTransport {
  private app: TransportApp | undefined;
  /** What was sent while the app boots; none once it has. */
  private early: Map<string, Delivery> | undefined = new Map();
  private warned: 'not yet' | 'warned' = 'not yet';

  connect(app: TransportApp): void {
    this.app = app;
  }

  async send(message: TaskMessage, { delay, retries, transaction }: Sending): Promise<void> {
    const { consumer } = this.app ?? {};
    if (transaction !== undefined) throw unsupported('BackgroundTasks.dispatch()', 'transaction');
    if (!consumer) {
      const why = `nobody takes the task ${message.name}: task consumers are off in this process, and the transport in memory reaches no other`;
      throw new BackgroundWorkerError('BGW_NO_CONSUMER', why);
    }
    if (this.early?.has(message.id) || KNOWN.includes(consumer.status(message.id)?.state)) return;
    const delivery: Delivery = { message, attempt: 1, attemptsLeft: retries, owner: 'process', delay };
    if (this.early) this.keep(delivery, consumer, this.early);
    else consumer.deliver(delivery);
    this.warnOnce();
  }

  async consume(): Promise<void> {
    const { early } = this;
    this.early = undefined;
    for (const delivery of early?.values() ?? []) this.app?.consumer?.deliver(delivery);
  }

  async stop(): Promise<void> {
    const { early } = this;
    this.early = undefined;
    for (const { message } of early?.values() ?? [])
      this.app?.hub.note({ type: 'lostBeforeBoot', task: message.id, name: message.name });
  }

  async status(id: string): Promise<TaskStatus | undefined> {
    const delivery = this.early?.get(id);
    return delivery && { id, name: delivery.message.name, state: 'queued', attempt: 0 };
  }

  /** Failed ones are this process's, and known to who asks. */
  async failed(): Promise<readonly TaskStatus[]> {
    return [];
  }

  async retry(): Promise<boolean> {
    return false;
  }

  private keep(delivery: Delivery, consumer: TaskConsumer, early: Map<string, Delivery>): void {
    const { id, name } = delivery.message;
    const waiting = [...early.values()].filter(({ message }) => message.name === name).length;
    consumer.assertRoom(name, waiting);
    early.set(id, delivery);
  }

  private warnOnce(): void {
    if (this.warned === 'warned') return;
    this.warned = 'warned';
    this.app?.hub.note({ type: 'tasksAreInMemory' });
  }
}
