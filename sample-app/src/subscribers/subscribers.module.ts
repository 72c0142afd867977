import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { MailModule } from '../mail/mail.module.js';
import { NotificationsService } from './notifications.service.js';
import { Subscriber } from './subscriber.entity.js';
import { SubscribersController } from './subscribers.controller.js';
import { SubscribersService } from './subscribers.service.js';
import { WelcomeMail } from './welcome-mail.js';

@Module({
  imports: [TypeOrmModule.forFeature([Subscriber]), MailModule],
  controllers: [SubscribersController],
  providers: [SubscribersService, NotificationsService, WelcomeMail],
})
export class SubscribersModule {}
