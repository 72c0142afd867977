import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { SMTPServer } from 'smtp-server';

export interface Received {
  readonly to: string;
  readonly subject: string;
}

/** For SMTP_URL. Takes mail at once, or when it is told to; one recipient a mail. */
export class MailServer {
  readonly received: Received[] = [];
  /** What it answers 550, and how often it was asked. */
  readonly refused = new Map<string, number>();
  mostHeld = 0;
  private readonly held = new Map<string, () => void>();
  private mode: 'takes' | 'holds' = 'takes';
  private readonly server = new SMTPServer({
    authOptional: true,
    disabledCommands: ['AUTH', 'STARTTLS'],
    closeTimeout: 100,
    onRcptTo: ({ address }, _session, done) => {
      const asked = this.refused.get(address);
      if (asked === undefined) return done();
      this.refused.set(address, asked + 1);
      done(Object.assign(new Error('no such mailbox'), { responseCode: 550 }));
    },
    onData: (stream, { envelope }, done) => {
      const [{ address: to } = { address: '' }] = envelope.rcptTo;
      let mail = '';
      stream.setEncoding('utf8').on('data', (part: string) => (mail += part));
      stream.once('end', () => {
        const take = (): void => {
          this.received.push({ to, subject: /^Subject: (.*)$/im.exec(mail)?.[1]?.trim() ?? '' });
          done();
        };
        if (this.mode === 'takes') take();
        else this.held.set(to, take);
        this.mostHeld = Math.max(this.mostHeld, this.held.size);
      });
    },
  });

  async listen(): Promise<string> {
    this.server.listen(0, '127.0.0.1');
    await once(this.server.server, 'listening');
    return `smtp://127.0.0.1:${(this.server.server.address() as AddressInfo).port}`;
  }

  hold(): void {
    this.mode = 'holds';
  }

  get heldFor(): readonly string[] {
    return [...this.held.keys()];
  }

  holds(to: string): boolean {
    return this.held.has(to);
  }

  take(to: string): void {
    this.held.get(to)?.();
    this.held.delete(to);
  }

  takeAll(): void {
    this.mode = 'takes';
    for (const to of this.held.keys()) this.take(to);
  }

  close(): Promise<void> {
    return new Promise((resolve) => this.server.close(() => resolve()));
  }
}
