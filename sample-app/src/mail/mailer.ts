import { Inject, Injectable, type OnApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import { createTransport, type Transporter } from 'nodemailer';
import { readSettings } from '../settings.js';
import { LocalSmtpServer } from './local-smtp-server.js';

export interface Mail {
  readonly to: string;
  readonly subject: string;
  readonly text: string;
}

/** Sends through SMTP_URL, else to the server in this process. It closes last: mail of late requests still goes out. */
@Injectable()
export class Mailer implements OnModuleInit, OnApplicationShutdown {
  private transport: Transporter | undefined;

  constructor(@Inject(LocalSmtpServer) private readonly local: LocalSmtpServer) {}

  async onModuleInit(): Promise<void> {
    this.transport = createTransport(readSettings(process.env).smtpUrl ?? (await this.local.listen()), {
      from: 'uptime@localhost',
    });
  }

  async send(mail: Mail): Promise<void> {
    if (!this.transport) throw new Error('mail was sent before the app had started');
    await this.transport.sendMail(mail);
  }

  async onApplicationShutdown(): Promise<void> {
    this.transport?.close();
    await this.local.close();
  }
}
