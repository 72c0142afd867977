import { BackgroundTasks, BackgroundWorker } from 'nestjs-background-worker';
import { onCommit } from 'nestjs-background-worker/typeorm';
import type { EntityManager } from 'typeorm';
import { Transactions } from '../database/transactions.js';
import { Alert } from './alert.entity.js';
import { MailTasks } from './mail.tasks.js';

/**
 * An outbox. The task begins at the COMMIT, but lives in memory: a full pool, a Ctrl-C or a crash loses it. The row stays,
 * and the next run sends it; the first run is at the start. So an alert may come twice, but it comes; one that the mail
 * server refuses is tried, and complained of, at each run.
 */
@BackgroundWorker({ every: 10_000 })
export class AlertWorker {
  constructor(
    private readonly transactions: Transactions,
    private readonly tasks: BackgroundTasks,
  ) {}

  /** @param manager the transaction's: without its COMMIT there is no alert */
  async raise(manager: EntityManager, url: string, reason: string): Promise<void> {
    const alert = await manager.save(Alert, { url, reason });
    onCommit(manager, () => this.send(alert), { name: 'alert' });
  }

  async run(): Promise<void> {
    const owed = await this.transactions.run((manager) => manager.find(Alert, { order: { id: 'ASC' } }));
    for (const alert of owed) await this.send(alert);
  }

  /** While a task of this id waits or runs, no second one begins. */
  private async send({ id, url, reason }: Alert): Promise<void> {
    await this.tasks.dispatch(MailTasks, 'alert', { id, url, reason }, { id: `alert-${id}` });
  }
}
