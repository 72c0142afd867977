import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { BackgroundTask, type TaskContext } from 'nestjs-background-worker';
import { Repository } from 'typeorm';
import { z } from 'zod';
import { Transactions } from '../database/transactions.js';
import { Mailer } from '../mail/mailer.js';
import { Settings } from '../settings/settings.js';
import { Alert } from './alert.entity.js';

const payload = z.object({ alert: z.int().positive() });

/** By a name of its own: on a broker it would outlive the process, and a rename of the class. */
@Injectable()
export class AlertMail {
  constructor(
    @InjectRepository(Alert) private readonly alerts: Repository<Alert>,
    private readonly settings: Settings,
    private readonly transactions: Transactions,
    private readonly mailer: Mailer,
  ) {}

  @BackgroundTask({ name: 'mail.alert', payload, retries: 5, timeout: 30_000 })
  async send({ alert: id }: z.infer<typeof payload>, { signal }: TaskContext): Promise<void> {
    const alert = await this.alerts.findOneBy({ id });
    if (!alert) return; // it was sent
    const { url, reason } = alert;
    await this.mailer.send({ to: this.settings.alertTo, subject: `${url} is down`, text: reason }, signal);
    await this.transactions.run((manager) => manager.delete(Alert, id));
  }
}
