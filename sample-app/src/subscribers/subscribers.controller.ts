import { Body, Controller, Get, HttpCode, Param, Post } from '@nestjs/common';
import { accepted, type Accepted } from '../tasks/accepted.js';
import { notification, type Notification } from './notification.js';
import { NotificationsService, type Tally } from './notifications.service.js';
import { signUp, type SignUp } from './sign-up.js';
import { SubscribersService, type SignedUp } from './subscribers.service.js';

@Controller()
export class SubscribersController {
  constructor(
    private readonly subscribers: SubscribersService,
    private readonly notifications: NotificationsService,
  ) {}

  @Post('subscribers')
  signUp(@Body({ schema: signUp }) { email }: SignUp): Promise<SignedUp> {
    return this.subscribers.signUp(email);
  }

  @Post('notifications')
  @HttpCode(202)
  notify(@Body({ schema: notification }) body: Notification): Accepted {
    return accepted(this.notifications.begin(body), 'notifications');
  }

  @Get('notifications/:task')
  notified(@Param('task') task: string): Tally {
    return this.notifications.of(task);
  }
}
