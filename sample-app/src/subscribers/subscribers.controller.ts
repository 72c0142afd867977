import { Body, Controller, Get, HttpCode, Param, Post } from '@nestjs/common';
import { refuse } from '../refusal.js';
import { accepted, type Accepted } from '../tasks/accepted.js';
import { NotificationsService, type Tally } from './notifications.service.js';
import { SubscribersService, type SignUp } from './subscribers.service.js';

@Controller()
export class SubscribersController {
  constructor(
    private readonly subscribers: SubscribersService,
    private readonly notifications: NotificationsService,
  ) {}

  @Post('subscribers')
  signUp(@Body() body: unknown): Promise<SignUp> {
    const { email } = fieldsOf(body);
    if (typeof email !== 'string' || email.length > 254 || !/^[^\s@<>,;]+@[^\s@<>,;]+$/.test(email))
      throw refuse('email', email, 'an address such as {"email":"ada@localhost"}');
    return this.subscribers.signUp(email);
  }

  @Post('notifications')
  @HttpCode(202)
  notify(@Body() body: unknown): Accepted {
    const { subject, text } = fieldsOf(body);
    if (typeof subject !== 'string' || !subject.trim() || /[\r\n]/.test(subject))
      throw refuse('subject', subject, 'one line that is not empty');
    if (typeof text !== 'string' || !text.trim()) throw refuse('text', text, 'a text that is not empty');
    return accepted(this.notifications.begin({ subject, text }));
  }

  @Get('notifications/:task')
  notified(@Param('task') task: string): Tally {
    return this.notifications.of(task);
  }
}

const fieldsOf = (body: unknown): Readonly<Record<string, unknown>> =>
  typeof body === 'object' && body !== null ? (body as Record<string, unknown>) : {};
