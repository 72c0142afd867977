import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server, type ServerResponse } from 'node:http';
import { type AddressInfo, createServer as createTcpServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import libsql from 'libsql';
import { beforeEach, describe, expect, it } from 'vitest';
import { eventually } from './eventually.js';
import { MailServer } from './mail-server.js';
import { SampleApp } from './sample-app.js';

interface ReceivedMail {
  to: string[];
  subject: string;
}

interface Accepted {
  task: string;
  outcome: string;
}

interface Status {
  state: string;
  progress?: { done: number; total?: number };
}

/** An address that refuses connections. */
async function gone(): Promise<string> {
  const server = new HeldServer();
  const url = await server.listen();
  server.close();
  return url;
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
  let mails: MailServer;
  let address: string;
  let directory: string;

  const start = (env: NodeJS.ProcessEnv = {}): Promise<SampleApp> =>
    SampleApp.start({ SQLITE_FILE: join(directory, 'uptime.sqlite'), ALERT_TO: 'ops@localhost', ...env });

  beforeEach(async () => {
    directory = mkdtempSync(join(tmpdir(), 'sample-tasks-'));
    mails = new MailServer();
    slow = new HeldServer();
    address = await slow.listen();
    return async () => {
      await app.kill();
      slow.close();
      mails.takeAll();
      await mails.close();
      rmSync(directory, { recursive: true, force: true });
    };
  }, 30_000);

  const sent = async (to: string, subject: RegExp): Promise<ReceivedMail | undefined> => {
    const received = await app.get<ReceivedMail[]>('/mails');
    return received.find((mail) => mail.to.includes(to) && subject.test(mail.subject));
  };

  const mailTo = (to: string, subject: RegExp): Promise<ReceivedMail> =>
    eventually(`a mail to ${to}`, () => sent(to, subject));

  /** With their welcome mails. */
  async function signedUp(count: number): Promise<string[]> {
    const all = Array.from({ length: count }, (_, number) => `reader${number}@localhost`);
    for (const email of all) await app.post('/subscribers', { email });
    await eventually('the welcome mails', async () => mails.received[count - 1]);
    return all;
  }

  const toldOf = (subject: string): string[] =>
    mails.received.flatMap((mail) => (mail.subject === subject ? [mail.to] : [])).toSorted();

  const ended = (task: string): Promise<Status> =>
    eventually('the task to end', async () => {
      const status = await app.get<Status>(`/tasks/${task}`);
      return status.state === 'done' ? status : undefined;
    });

  it('a sign-up is answered before the mail server has answered; the welcome mail follows, once', async () => {
    mails.hold();
    app = await start({ SMTP_URL: await mails.listen() });
    const signUp = (email: string): Promise<unknown> => app.post('/subscribers', { email });
    expect(await signUp('ada@localhost')).toEqual({
      status: 201,
      body: { id: 1, email: 'ada@localhost', welcome: 'on its way' },
    });
    await eventually('the mail', async () => mails.holds('ada@localhost') || undefined);
    expect(mails.received).toEqual([]);
    mails.takeAll();
    expect(await signUp('ada@localhost')).toMatchObject({ status: 201, body: { id: 1, welcome: 'not again' } });
    expect(await signUp('bob@localhost')).toMatchObject({ status: 201, body: { id: 2, welcome: 'on its way' } });
    await eventually("bob's mail", async () => mails.received.find(({ to }) => to === 'bob@localhost'));
    expect(mails.received).toEqual(['ada', 'bob'].map((name) => ({ to: `${name}@localhost`, subject: 'Welcome' })));
    expect(await app.get('/mails')).toEqual([]);
  });

  it('a slow mail server holds up no other task, is given up after five seconds, and keeps nobody from signing up', async () => {
    let givenUp = 0;
    const silent = createTcpServer((socket) => socket.on('error', () => {}).once('close', () => (givenUp += 1)));
    try {
      silent.listen(0, '127.0.0.1');
      await once(silent, 'listening');
      app = await start({ SMTP_URL: `smtp://127.0.0.1:${(silent.address() as AddressInfo).port}` });
      const signUp = (_: unknown, number: number): ReturnType<SampleApp['post']> =>
        app.post('/subscribers', { email: `reader${number}@localhost` });
      const answers = await Promise.all(Array.from({ length: 20 }, signUp));
      const { body } = await app.post('/fetches', { urls: [`${app.address}/health`] });
      await ended((body as Accepted).task);
      expect(givenUp).toBe(0);
      await eventually('the first to be given up', async () => givenUp || undefined);

      answers.push(...(await Promise.all(Array.from({ length: 200 }, (_, number) => signUp(_, 20 + number)))));
      expect(answers.every(({ status }) => status === 201)).toBe(true);
      const leftOut = answers.filter(({ body }) => (body as { welcome: string }).welcome.startsWith('left out'));
      expect(leftOut).toHaveLength(220 - 4 - 200);
    } finally {
      silent.close();
    }
  });

  it('one alert when a monitor goes down, none while it stays down', async () => {
    app = await start();
    const url = await gone();
    await app.post('/monitors', { url, intervalMs: 1_000 });
    await mailTo('ops@localhost', /is down$/);
    await eventually('three probes', async () => {
      const { probes } = await app.get<{ probes: number }>('/monitors/2');
      return probes >= 3 ? probes : undefined;
    });
    const mails = await app.get<ReceivedMail[]>('/mails');
    expect(mails.map(({ subject }) => subject)).toEqual([`${url} is down`]);
  });

  it('an alert that the full pool refused is sent all the same', async () => {
    app = await start({ SMTP_URL: await mails.listen() });
    mails.hold();
    await Promise.all(
      Array.from({ length: 210 }, (_, nr) => app.post('/subscribers', { email: `reader${nr}@localhost` })),
    );
    await app.post('/monitors', { url: await gone(), intervalMs: 1_000 });
    await eventually('the refusal', async () => /onCommit callback alert was lost/.exec(app.outputs)?.[0]);
    mails.takeAll();
    await eventually('the alert', async () => mails.received.find(({ to }) => to === 'ops@localhost'), 15_000);
  });

  it('at most four mails are on their way at a time, whatever they are for', async () => {
    app = await start({ SMTP_URL: await mails.listen() });
    const all = await signedUp(6);
    mails.hold();
    await app.post('/notifications', { subject: 'News', text: 'to all' });
    for (const email of ['ada@localhost', 'bob@localhost']) await app.post('/subscribers', { email });
    await app.post('/monitors', { url: await gone(), intervalMs: 1_000 });
    for (let taken = 0; taken < all.length + 3; taken += 1) {
      const to = await eventually('a mail', async () => mails.heldFor[0]);
      mails.take(to);
    }
    await eventually('all mails', async () => mails.received[2 * all.length + 2]);
    expect(mails.mostHeld).toBe(4);
  });

  it('an alert that was not sent when the process died is sent after a restart, and owed no more', async () => {
    mails.hold();
    app = await start({ SMTP_URL: await mails.listen() });
    await app.post('/monitors', { url: await gone(), intervalMs: 1_000 });
    await eventually('the alert to be on its way', async () => mails.holds('ops@localhost') || undefined);
    await app.kill();

    app = await start();
    await mailTo('ops@localhost', /is down$/);
    const database = new libsql(join(directory, 'uptime.sqlite'));
    try {
      const owed = database.prepare('SELECT * FROM uptime_alert');
      await eventually('nothing to be owed', async () => (owed.all().length === 0 ? true : undefined));
    } finally {
      database.close();
    }
  });

  it('a notification goes to all subscribers, and says how far it is', async () => {
    app = await start({ SMTP_URL: await mails.listen() });
    const all = await signedUp(12);
    mails.hold();
    const { status, body } = await app.post('/notifications', { subject: 'News', text: 'to all' });
    const { task } = body as Accepted;
    expect(status).toBe(202);
    for (const [number, to] of all.slice(0, 3).entries()) {
      await eventually(`the mail to ${to}`, async () => mails.holds(to) || undefined);
      expect(await app.get<Status>(`/tasks/${task}`)).toMatchObject({ progress: { done: number, total: 12 } });
      mails.take(to);
      await eventually('the progress', async () => {
        const { state, progress } = await app.get<Status>(`/tasks/${task}`);
        return state === 'running' && progress?.done === number + 1 ? true : undefined;
      });
    }
    mails.takeAll();
    expect(await ended(task)).toMatchObject({ progress: { done: 12, total: 12 } });
    expect(toldOf('News')).toEqual(all.toSorted());
  });

  it('an address that the mail server refuses is counted and not asked again, and all others get their mail', async () => {
    app = await start({ SMTP_URL: await mails.listen() });
    const all = await signedUp(12);
    const bad = 'reader2@localhost';
    mails.refused.set(bad, 0);
    const { body } = await app.post('/notifications', { subject: 'News', text: 'to all' });
    const { task, outcome } = body as Accepted;
    expect(await ended(task)).toMatchObject({ progress: { done: 12, total: 12 } });
    expect(await app.get(outcome)).toEqual({ sent: 11, failed: 1 });
    expect(toldOf('News')).toEqual(all.filter((to) => to !== bad).toSorted());
    expect(mails.refused.get(bad)).toBe(1);
    expect(app.outputs).toContain('Subscriber 3 gets no mail');
  });

  it('a list of addresses is fetched behind the answer', async () => {
    app = await start();
    const urls = [address, `${app.address}/health`, `${app.address}/nothing`];
    const { status, body } = await app.post('/fetches', { urls });
    const { task, outcome } = body as Accepted;
    expect(status).toBe(202);
    await eventually('the slow one to be asked', async () => slow.requests || undefined);
    expect(await app.get<Status>(`/tasks/${task}`)).toMatchObject({ state: 'running' });
    slow.answer();
    expect(await ended(task)).toMatchObject({ progress: { done: 3, total: 3 } });
    const fetched = await app.get<{ url: string; httpStatus: number }[]>(outcome);
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

  it('refuses what it cannot use with the field, the value and what is allowed', async () => {
    app = await start();
    const refused: [path: string, payload: unknown, message: string][] = [
      ['/subscribers', { email: 'nobody' }, 'email is "nobody"'],
      ['/notifications', { subject: '', text: 'to all' }, 'subject is ""'],
      ['/notifications', { subject: 'News', text: ' ' }, 'text is " "'],
      ['/fetches', { urls: [address, 'nestjs.com'] }, 'urls[1] is "nestjs.com"'],
    ];
    for (const [path, payload, message] of refused)
      expect(await app.post(path, payload)).toMatchObject({
        status: 400,
        body: { message: expect.stringContaining(message) },
      });
    for (const path of ['/monitors', '/subscribers', '/notifications', '/fetches']) {
      const form = await fetch(app.address + path, { method: 'POST', body: new URLSearchParams('{"email":"a@b"}') });
      expect(form.status).toBe(415);
      expect(await form.json()).toMatchObject({ message: 'send content-type: application/json' });
    }
  });
});
