import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SMTPServer } from 'smtp-server';
import { beforeEach, describe, expect, it } from 'vitest';
import { eventually } from './eventually.js';
import { SampleApp } from './sample-app.js';

interface ReceivedMail {
  to: string[];
  subject: string;
}

interface Status {
  state: string;
  progress?: { done: number; total?: number };
}

/** Answers nothing until it is told to. */
class HeldServer {
  private readonly held = new Set<ServerResponse>();
  private readonly server: Server = createServer((_, response) => void this.held.add(response));

  async listen(): Promise<string> {
    this.server.listen(0, '127.0.0.1');
    await once(this.server, 'listening');
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}/`;
  }

  get requests(): number {
    return this.held.size;
  }

  answer(): void {
    for (const response of this.held) response.end();
    this.server.removeAllListeners('request').on('request', (_, response: ServerResponse) => response.end());
  }

  close(): void {
    this.server.closeAllConnections();
    this.server.close();
  }
}

describe("the sample app's tasks", { timeout: 30_000 }, () => {
  let app: SampleApp;
  let slow: HeldServer;
  let address: string;
  let directory: string;

  const start = (env: NodeJS.ProcessEnv = {}): Promise<SampleApp> =>
    SampleApp.start({ SQLITE_FILE: join(directory, 'uptime.sqlite'), ALERT_TO: 'ops@localhost', ...env });

  beforeEach(async () => {
    directory = mkdtempSync(join(tmpdir(), 'sample-tasks-'));
    slow = new HeldServer();
    address = await slow.listen();
    return async () => {
      await app.kill();
      slow.close();
      rmSync(directory, { recursive: true, force: true });
    };
  }, 30_000);

  const mailTo = (to: string, subject: RegExp): Promise<ReceivedMail> =>
    eventually(`a mail to ${to}`, async () => {
      const mails = await app.get<ReceivedMail[]>('/mails');
      return mails.find((mail) => mail.to.includes(to) && subject.test(mail.subject));
    });

  const ended = (task: string): Promise<Status> =>
    eventually('the task to end', async () => {
      const status = await app.get<Status>(`/tasks/${task}`);
      return status.state === 'done' ? status : undefined;
    });

  it('a sign-up is answered, and the welcome mail follows', async () => {
    app = await start();
    const { status, body } = await app.post('/subscribers', { email: 'ada@localhost' });
    expect([status, body]).toEqual([201, expect.objectContaining({ email: 'ada@localhost' })]);
    await mailTo('ada@localhost', /^Welcome$/);
    expect(await app.post('/subscribers', { email: 'nobody' })).toMatchObject({ status: 400 });
  });

  it('mail goes to SMTP_URL where there is one', async () => {
    const received: string[] = [];
    const server = new SMTPServer({
      authOptional: true,
      disabledCommands: ['AUTH', 'STARTTLS'],
      onData: (stream, { envelope }, callback) => {
        received.push(...envelope.rcptTo.map((to) => to.address));
        stream.resume().once('end', () => callback());
      },
    });
    server.listen(0, '127.0.0.1');
    await once(server.server, 'listening');
    app = await start({ SMTP_URL: `smtp://127.0.0.1:${(server.server.address() as AddressInfo).port}` });
    await app.post('/subscribers', { email: 'ada@localhost' });
    await eventually('the mail', async () => received[0]);
    expect([received, await app.get('/mails')]).toEqual([['ada@localhost'], []]);
    await new Promise<void>((resolve) => server.close(resolve));
  });

  it('one alert when a monitor goes down, none while it stays down', async () => {
    app = await start();
    const gone = new HeldServer();
    const url = await gone.listen();
    gone.close();
    await app.post('/monitors', { url, intervalMs: 1_000 });
    await mailTo('ops@localhost', /is down$/);
    await eventually('three probes', async () => {
      const { probes } = await app.get<{ probes: number }>('/monitors/2');
      return probes >= 3 ? probes : undefined;
    });
    const mails = await app.get<ReceivedMail[]>('/mails');
    expect(mails.map(({ subject }) => subject)).toEqual([`${url} is down`]);
  });

  it('a notification goes to all subscribers, and says how far it is', async () => {
    app = await start();
    const all = Array.from({ length: 12 }, (_, number) => `reader${number}@localhost`);
    for (const email of all) await app.post('/subscribers', { email });
    const { status, body } = await app.post('/notifications', { subject: 'News', text: 'to all' });
    expect(status).toBe(202);
    expect(await ended((body as { task: string }).task)).toMatchObject({ progress: { done: 12, total: 12 } });
    const mails = await app.get<ReceivedMail[]>('/mails');
    const told = mails.filter(({ subject }) => subject === 'News').flatMap(({ to }) => to);
    expect(told.toSorted()).toEqual(all.toSorted());
  });

  it('a list of addresses is fetched behind the answer', async () => {
    app = await start();
    const urls = [address, `${app.address}/health`, `${app.address}/nothing`];
    const { status, body } = await app.post('/fetches', { urls });
    const { task } = body as { task: string };
    expect(status).toBe(202);
    await eventually('the slow one to be asked', async () => slow.requests || undefined);
    expect(await app.get<Status>(`/tasks/${task}`)).toMatchObject({ state: 'running' });
    slow.answer();
    expect(await ended(task)).toMatchObject({ progress: { done: 3, total: 3 } });
    const fetched = await app.get<{ url: string; httpStatus: number }[]>(`/fetches/${task}`);
    expect(fetched.map(({ url, httpStatus }) => [url, httpStatus])).toEqual([
      [address, 200],
      [urls[1], 200],
      [urls[2], 404],
    ]);
    expect(await app.status('/tasks/unknown')).toBe(404);
  });

  it('what a full pool refuses is 503 with Retry-After, and what was accepted is drained at SIGTERM', async () => {
    app = await start();
    const post = (): Promise<Response> =>
      fetch(`${app.address}/fetches`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ urls: [address] }),
      });
    const answers = await Promise.all(Array.from({ length: 300 }, post));
    const refused = answers.filter(({ status }) => status === 503);
    expect(answers.filter(({ status }) => status === 202)).toHaveLength(216);
    expect(refused).toHaveLength(84);
    expect(refused.every(({ headers }) => headers.get('retry-after') === '1')).toBe(true);
    expect(await refused[0]!.json()).toMatchObject({ message: expect.stringContaining('BGW_QUEUE_FULL') });

    app.signal('SIGTERM');
    await eventually('the drain', async () => /probe stopped/.exec(app.output)?.[0]);
    slow.answer();
    await app.exited;
    expect(app.output).toMatch(/all workers stopped in .*; \d+ tasks drained/);
    expect(app.output).not.toMatch(/lost|abandoned|discarded/);
  });
});
