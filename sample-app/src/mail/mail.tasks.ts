import { Injectable } from '@nestjs/common';
import { BackgroundTask, type TaskContext } from 'nestjs-background-worker';
import { readSettings } from '../settings.js';
import { Mailer } from './mailer.js';

/**
 * Mails that nobody waits for. By name: on a broker they would outlive the process, and a rename of the class. With a
 * `concurrency` each has a pool of its own: a slow mail server holds up mail, and nothing else.
 */
@Injectable()
export class MailTasks {
  constructor(private readonly mailer: Mailer) {}

  /** Lost where the process dies before: it is a welcome, and nobody is owed it. */
  @BackgroundTask({ name: 'mail.welcome', retries: 5, timeout: 30_000, concurrency: 4 })
  async welcome({ email }: { email: string }, { signal }: TaskContext): Promise<void> {
    const text = 'You will hear from us when a monitor goes down.';
    await this.mailer.send({ to: email, subject: 'Welcome', text }, signal);
  }

  @BackgroundTask({ name: 'mail.alert', retries: 5, timeout: 30_000, concurrency: 4 })
  async alert({ url, reason }: { url: string; reason: string }, { signal }: TaskContext): Promise<void> {
    const { alertTo } = readSettings(process.env);
    await this.mailer.send({ to: alertTo, subject: `${url} is down`, text: reason }, signal);
  }
}
