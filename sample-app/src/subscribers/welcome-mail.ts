import { Injectable } from '@nestjs/common';
import { BackgroundTask, type TaskContext } from 'nestjs-background-worker';
import { z } from 'zod';
import { Mailer } from '../mail/mailer.js';

const payload = z.object({ email: z.string() });

/** Lost where the process dies before it went out: nobody is owed a welcome. */
@Injectable()
export class WelcomeMail {
  constructor(private readonly mailer: Mailer) {}

  @BackgroundTask({ name: 'mail.welcome', payload, retries: 5, timeout: 30_000 })
  async send({ email }: z.infer<typeof payload>, { signal }: TaskContext): Promise<void> {
    const text = 'You will hear from us when a monitor goes down.';
    await this.mailer.send({ to: email, subject: 'Welcome', text }, signal);
  }
}
