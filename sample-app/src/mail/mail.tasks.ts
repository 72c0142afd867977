import { Injectable } from '@nestjs/common';
import { BackgroundTask } from 'nestjs-background-worker';
import { readSettings } from '../settings.js';
import { Mailer } from './mailer.js';

/** Mails that nobody waits for. By name: on a broker they would outlive the process, and a rename of the class. */
@Injectable()
export class MailTasks {
  constructor(private readonly mailer: Mailer) {}

  @BackgroundTask({ name: 'mail.welcome', retries: 5, timeout: 30_000 })
  async welcome({ email }: { email: string }): Promise<void> {
    await this.mailer.send({ to: email, subject: 'Welcome', text: 'You will hear from us when a monitor goes down.' });
  }

  @BackgroundTask({ name: 'mail.alert', retries: 5, timeout: 30_000 })
  async alert({ url, reason }: { url: string; reason: string }): Promise<void> {
    const { alertTo } = readSettings(process.env);
    await this.mailer.send({ to: alertTo, subject: `${url} is down`, text: reason });
  }
}
