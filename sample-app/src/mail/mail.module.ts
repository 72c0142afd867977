import { Module } from '@nestjs/common';
import { LocalSmtpServer } from './local-smtp-server.js';
import { Mailer } from './mailer.js';
import { MailsController } from './mails.controller.js';

@Module({
  controllers: [MailsController],
  providers: [LocalSmtpServer, Mailer],
  exports: [Mailer],
})
export class MailModule {}
