import { Controller, Get } from '@nestjs/common';
import { LocalSmtpServer, type ReceivedMail } from './local-smtp-server.js';

@Controller('mails')
export class MailsController {
  constructor(private readonly server: LocalSmtpServer) {}

  @Get()
  list(): readonly ReceivedMail[] {
    return this.server.received;
  }
}
