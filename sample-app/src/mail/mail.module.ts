import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { Alert } from './alert.entity.js';
import { AlertWorker } from './alert.worker.js';
import { LocalSmtpServer } from './local-smtp-server.js';
import { MailTasks } from './mail.tasks.js';
import { Mailer } from './mailer.js';
import { MailsController } from './mails.controller.js';

@Module({
  imports: [TypeOrmModule.forFeature([Alert])],
  controllers: [MailsController],
  providers: [LocalSmtpServer, Mailer, MailTasks, AlertWorker],
  exports: [Mailer, AlertWorker],
})
export class MailModule {}
