import { Injectable } from '@nestjs/common';
import { BackgroundTasks } from 'nestjs-background-worker';
import { onCommit } from 'nestjs-background-worker/typeorm';
import type { EntityManager } from 'typeorm';
import { Transactions } from '../database/transactions.js';
import { AlertMail } from './alert-mail.js';
import { Alert } from './alert.entity.js';

/**
 * An outbox. The task begins at the COMMIT, but lives in memory: a full pool, a Ctrl-C or a crash loses it. The row stays,
 * and AlertWorker sends it. So an alert may come twice, but it comes.
 */
@Injectable()
export class AlertsService {
  constructor(
    private readonly transactions: Transactions,
    private readonly tasks: BackgroundTasks,
  ) {}

  /** @param manager the transaction's: without its COMMIT there is no alert */
  async raise(manager: EntityManager, url: string, reason: string): Promise<void> {
    const { id } = await manager.save(Alert, { url, reason });
    onCommit(manager, () => this.send(id), { name: 'alert' });
  }

  /** The ids of those whose mail has not gone out; none of a transaction that is still open. */
  async owed(): Promise<number[]> {
    const alerts = await this.transactions.run((manager) =>
      manager.find(Alert, { select: { id: true }, order: { id: 'ASC' } }),
    );
    return alerts.map(({ id }) => id);
  }

  /** While a task of this id waits or runs, no second one begins. */
  async send(alert: number): Promise<void> {
    await this.tasks.dispatch(AlertMail, 'send', { alert }, { id: `alert-${alert}` });
  }
}
