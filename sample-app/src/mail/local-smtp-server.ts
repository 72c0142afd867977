import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { Injectable, Logger } from '@nestjs/common';
import { SMTPServer } from 'smtp-server';

export interface ReceivedMail {
  readonly to: readonly string[];
  readonly subject: string;
}

const kept = 100;

/** Takes all mail, delivers none, and remembers the last of it: a sample should not write to strangers. */
@Injectable()
export class LocalSmtpServer {
  private readonly logger = new Logger('Mail');
  private readonly mails: ReceivedMail[] = [];
  private server: SMTPServer | undefined;

  get received(): readonly ReceivedMail[] {
    return this.mails;
  }

  /** Answers its URL. */
  async listen(): Promise<string> {
    this.server = new SMTPServer({
      authOptional: true,
      disabledCommands: ['AUTH', 'STARTTLS'],
      closeTimeout: 1_000,
      onData: (stream, { envelope }, done) => {
        const to = envelope.rcptTo.map(({ address }) => address);
        let mail = '';
        stream.setEncoding('utf8').on('data', (part: string) => (mail += part));
        stream.once('end', () => {
          this.receive(to, mail);
          done();
        });
      },
    });
    this.server.listen(0, '127.0.0.1');
    await once(this.server.server, 'listening');
    return `smtp://127.0.0.1:${(this.server.server.address() as AddressInfo).port}`;
  }

  close(): Promise<void> {
    return new Promise((resolve) => (this.server ? this.server.close(() => resolve()) : resolve()));
  }

  private receive(to: readonly string[], mail: string): void {
    const subject = /^Subject: (.*)$/im.exec(mail)?.[1]?.trim() ?? '';
    this.logger.log(`"${subject}" for ${to.join(', ')}`);
    this.mails.unshift({ to, subject });
    this.mails.splice(kept);
  }
}
