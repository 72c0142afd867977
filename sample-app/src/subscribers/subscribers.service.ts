import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { BackgroundTasks } from 'nestjs-background-worker';
import { Repository } from 'typeorm';
import { MailTasks } from '../mail/mail.tasks.js';
import { Subscriber } from './subscriber.entity.js';

@Injectable()
export class SubscribersService {
  constructor(
    @InjectRepository(Subscriber) private readonly subscribers: Repository<Subscriber>,
    private readonly tasks: BackgroundTasks,
  ) {}

  /** Answers before the welcome mail is sent. */
  async signUp(email: string): Promise<Subscriber> {
    await this.subscribers.upsert({ email }, ['email']);
    await this.tasks.dispatch(MailTasks, 'welcome', { email });
    return this.subscribers.findOneByOrFail({ email });
  }

  all(): Promise<Subscriber[]> {
    return this.subscribers.find({ order: { id: 'ASC' } });
  }
}
