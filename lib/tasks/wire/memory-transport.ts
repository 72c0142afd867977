import { unsupported } from '../../definition/validation.js';
import { BackgroundWorkerError } from '../../shared/errors.js';
import type { Sending, TaskMessage, TaskTransport, TransportApp } from './transport.js';

const KNOWN: readonly unknown[] = ['queued', 'running', 'retrying', 'done'];

/** Straight into this process's pools. Not durable; priorities are not looked at. */
export class MemoryTransport implements TaskTransport {
  private app: TransportApp | undefined;
  private warned: 'not yet' | 'warned' = 'not yet';

  connect(app: TransportApp): void {
    this.app = app;
  }

  async send(message: TaskMessage, { delay, transaction }: Sending): Promise<void> {
    const { consumer } = this.app ?? {};
    if (transaction !== undefined) throw unsupported('BackgroundTasks.dispatch()', 'transaction');
    if (!consumer) {
      const why = `nobody takes the task ${message.name}: task consumers are off in this process, and the transport in memory reaches no other`;
      throw new BackgroundWorkerError('BGW_NO_CONSUMER', why);
    }
    if (KNOWN.includes(consumer.status(message.id)?.state)) return;
    consumer.accept(message, { delay });
    this.warnOnce();
  }

  private warnOnce(): void {
    if (this.warned === 'warned') return;
    this.warned = 'warned';
    this.app?.logger.warn(
      'dispatched tasks are in memory: what waits when this process dies is lost; configure a `transport` for tasks that must not be',
    );
  }
}
