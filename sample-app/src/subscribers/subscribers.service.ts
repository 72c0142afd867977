import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { BackgroundTasks } from 'nestjs-background-worker';
import { Repository } from 'typeorm';
import { Transactions } from '../database/transactions.js';
import { isBusy } from '../tasks/busy.interceptor.js';
import { Subscriber } from './subscriber.entity.js';
import { WelcomeMail } from './welcome-mail.js';

export interface SignedUp extends Subscriber {
  readonly welcome: 'on its way' | 'left out: too much mail waits' | 'not again';
}

@Injectable()
export class SubscribersService {
  constructor(
    @InjectRepository(Subscriber) private readonly subscribers: Repository<Subscriber>,
    private readonly transactions: Transactions,
    private readonly tasks: BackgroundTasks,
  ) {}

  /** Answers before the welcome mail is sent. */
  async signUp(email: string): Promise<SignedUp> {
    const { id, isNew } = await this.add(email);
    return { id, email, welcome: isNew ? await this.welcome(email) : 'not again' };
  }

  all(): Promise<Subscriber[]> {
    return this.subscribers.find({ order: { id: 'ASC' } });
  }

  /** The INSERT fails where the address is known. Asked before, two sign-ups at a time would both be new. */
  private async add(email: string): Promise<{ id: number; isNew: boolean }> {
    try {
      const { id } = await this.transactions.run((manager) => manager.save(Subscriber, { email }));
      return { id, isNew: true };
    } catch (error) {
      const known = await this.subscribers.findOneBy({ email });
      if (!known) throw error;
      return { id: known.id, isNew: false };
    }
  }

  /** The sign-up is saved by now: it does not fail because its mail is refused. */
  private async welcome(email: string): Promise<SignedUp['welcome']> {
    try {
      await this.tasks.dispatch(WelcomeMail, 'send', { email });
      return 'on its way';
    } catch (error) {
      if (!isBusy(error)) throw error;
      return 'left out: too much mail waits';
    }
  }
}
