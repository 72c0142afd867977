import { Injectable } from '@nestjs/common';
import { BackgroundTasks, InjectTaskPool, type TaskContext, type TaskHandle } from 'nestjs-background-worker';
import { Mailer } from '../mail/mailer.js';
import { SubscribersService } from './subscribers.service.js';

export interface Notification {
  readonly subject: string;
  readonly text: string;
}

/** Writes to all subscribers: a task that puts its mails through a pool of their own, and says how far it is. */
@Injectable()
export class NotificationsService {
  constructor(
    private readonly tasks: BackgroundTasks,
    @InjectTaskPool('mail') private readonly mails: BackgroundTasks,
    private readonly subscribers: SubscribersService,
    private readonly mailer: Mailer,
  ) {}

  begin(notification: Notification): TaskHandle<void> {
    return this.tasks.submit((ctx) => this.sendAll(notification, ctx), { name: 'notification' });
  }

  private async sendAll(notification: Notification, ctx: TaskContext): Promise<void> {
    const all = await this.subscribers.all();
    const send = ({ email }: { email: string }): Promise<void> => this.mailer.send({ to: email, ...notification });
    let done = 0;
    ctx.progress(done, all.length);
    for await (const _ of this.mails.map(all, send, { retries: 3, signal: ctx.signal }))
      ctx.progress(++done, all.length);
  }
}
