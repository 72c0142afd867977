import { Injectable } from '@nestjs/common';
import {
  BackgroundTasks,
  DoNotRestart,
  InjectTaskPool,
  type TaskContext,
  type TaskHandle,
} from 'nestjs-background-worker';
import { Mailer } from '../mail/mailer.js';
import { Outcomes } from '../tasks/outcomes.js';
import type { Notification } from './notification.js';
import type { Subscriber } from './subscriber.entity.js';
import { SubscribersService } from './subscribers.service.js';

/** Of the subscribers. */
export interface Tally {
  sent: number;
  failed: number;
}

const retries = 3;

/** Writes to all subscribers: a task that puts its mails through the pool of all mail, and says how far it is. */
@Injectable()
export class NotificationsService {
  private readonly outcomes = new Outcomes<Tally>();

  constructor(
    @InjectTaskPool('lists') private readonly lists: BackgroundTasks,
    private readonly mails: BackgroundTasks,
    private readonly subscribers: SubscribersService,
    private readonly mailer: Mailer,
  ) {}

  begin(notification: Notification): TaskHandle<void> {
    return this.lists.submit((ctx) => this.sendAll(notification, ctx), { name: 'notification' });
  }

  of(task: string): Tally {
    return this.outcomes.of(task);
  }

  private async sendAll(notification: Notification, ctx: TaskContext): Promise<void> {
    const all = await this.subscribers.all();
    const tally = this.outcomes.keep(ctx.id, { sent: 0, failed: 0 });
    const send = (to: Subscriber, mail: TaskContext): Promise<keyof Tally> => this.send(notification, to, mail);
    ctx.progress(0, all.length);
    for await (const outcome of this.mails.map(all, send, { name: 'notice', retries, signal: ctx.signal })) {
      tally[outcome] += 1;
      ctx.progress(tally.sent + tally.failed, all.length);
    }
  }

  /** The last failure is counted rather than thrown: it would end the map, and with it the mail of all who come after. */
  private async send(
    notification: Notification,
    { id, email }: Subscriber,
    { attempt, logger, signal }: TaskContext,
  ): Promise<keyof Tally> {
    try {
      await this.mailer.send({ to: email, ...notification }, signal);
      return 'sent';
    } catch (error) {
      if (attempt <= retries && !(error instanceof DoNotRestart)) throw error;
      logger.warn(`Subscriber ${id} gets no mail: ${String(error)}`);
      return 'failed';
    }
  }
}
