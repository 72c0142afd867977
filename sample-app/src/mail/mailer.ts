import { Injectable, type OnApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import { DoNotRestart } from 'nestjs-background-worker';
import { createTransport, type Transporter } from 'nodemailer';
import { Settings } from '../settings/settings.js';
import { LocalSmtpServer } from './local-smtp-server.js';

export interface Mail {
  readonly to: string;
  readonly subject: string;
  readonly text: string;
}

/** A mail server that says nothing for so long is given up. */
const patience = { connectionTimeout: 5_000, greetingTimeout: 5_000, socketTimeout: 5_000 };

/** Sends through SMTP_URL, else to the server in this process. It closes last: mail of late requests still goes out. */
@Injectable()
export class Mailer implements OnModuleInit, OnApplicationShutdown {
  private transport: Transporter | undefined;

  constructor(
    private readonly settings: Settings,
    private readonly local: LocalSmtpServer,
  ) {}

  async onModuleInit(): Promise<void> {
    const url = this.settings.smtpUrl ?? (await this.local.listen());
    this.transport = createTransport({ url, ...patience }, { from: 'uptime@localhost' });
  }

  /** What the server refuses for good (5xx) rejects with DoNotRestart: no task tries it again. */
  async send(mail: Mail, signal: AbortSignal): Promise<void> {
    if (!this.transport) throw new Error('mail was sent before the app had started');
    try {
      await this.transport.sendMail({ ...mail, signal });
    } catch (error) {
      const { responseCode = 0 } = error as { responseCode?: number };
      throw responseCode >= 500 ? new DoNotRestart(error) : error;
    }
  }

  async onApplicationShutdown(): Promise<void> {
    this.transport?.close();
    await this.local.close();
  }
}
