import { Injectable } from '@nestjs/common';
import { BackgroundTask, type TaskContext } from 'nestjs-background-worker';
import { Mailer } from '../mail/mailer.js';
import { signUp, type SignUp } from './sign-up.js';

/** Lost where the process dies before it went out: nobody is owed a welcome. */
@Injectable()
export class WelcomeMail {
  constructor(private readonly mailer: Mailer) {}

  @BackgroundTask({ name: 'mail.welcome', payload: signUp, retries: 5, timeout: 30_000 })
  async send({ email }: SignUp, { signal }: TaskContext): Promise<void> {
    const text = 'You will hear from us when a monitor goes down.';
    await this.mailer.send({ to: email, subject: 'Welcome', text }, signal);
  }
}
