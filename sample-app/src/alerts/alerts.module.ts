import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { MailModule } from '../mail/mail.module.js';
import { AlertMail } from './alert-mail.js';
import { Alert } from './alert.entity.js';
import { AlertWorker } from './alert.worker.js';
import { AlertsService } from './alerts.service.js';

@Module({
  imports: [TypeOrmModule.forFeature([Alert]), MailModule],
  providers: [AlertsService, AlertMail, AlertWorker],
  exports: [AlertsService],
})
export class AlertsModule {}
