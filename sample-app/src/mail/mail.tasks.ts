import { Injectable } from '@nestjs/common';
import { BackgroundTask, type TaskContext } from 'nestjs-background-worker';
import { Transactions } from '../database/transactions.js';
import { Settings } from '../settings/settings.js';
import { Alert } from './alert.entity.js';
import { Mailer } from './mailer.js';

/**
 * Mails that nobody waits for. By name: on a broker they would outlive the process, and a rename of the class. With a
 * `concurrency` each has a pool of its own: a slow mail server holds up mail, and nothing else.
 */
@Injectable()
export class MailTasks {
  constructor(
    private readonly settings: Settings,
    private readonly mailer: Mailer,
    private readonly transactions: Transactions,
  ) {}

  /** Lost where the process dies before: it is a welcome, and nobody is owed it. */
  @BackgroundTask({ name: 'mail.welcome', retries: 5, timeout: 30_000, concurrency: 4 })
  async welcome({ email }: { email: string }, { signal }: TaskContext): Promise<void> {
    const text = 'You will hear from us when a monitor goes down.';
    await this.mailer.send({ to: email, subject: 'Welcome', text }, signal);
  }

  @BackgroundTask({ name: 'mail.alert', retries: 5, timeout: 30_000, concurrency: 4 })
  async alert({ id, url, reason }: Alert, { signal }: TaskContext): Promise<void> {
    await this.mailer.send({ to: this.settings.alertTo, subject: `${url} is down`, text: reason }, signal);
    await this.transactions.run((manager) => manager.delete(Alert, id));
  }
}
