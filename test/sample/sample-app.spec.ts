import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { type Server, type ServerResponse, createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import libsql from 'libsql';
import { beforeEach, describe, expect, it } from 'vitest';
import { SampleApp, sampleMain } from './sample-app.js';
import { eventually } from './eventually.js';

interface Monitor {
  id: number;
  url: string;
}

interface Report {
  probes: number;
  uptime: number | null;
  latencyMs: { p50: number | null; p95: number | null; p99: number | null };
  lastResults: { up: boolean; httpStatus: number | null; latencyMs: number; error: string | null }[];
}

describe('the sample app', { timeout: 30_000 }, () => {
  let directory: string;
  let app: SampleApp;
  const sqliteFile = (): string => join(directory, 'uptime.sqlite');

  beforeEach(async () => {
    if (!existsSync(sampleMain))
      throw new Error(`${sampleMain} is missing: build the library and the sample app first`);
    directory = mkdtempSync(join(tmpdir(), 'sample-app-'));
    app = await SampleApp.start({ SQLITE_FILE: sqliteFile() });
    return async () => {
      await app.kill();
      rmSync(directory, { recursive: true, force: true });
    };
  }, 30_000);

  const probed = (id: number): Promise<Report> =>
    eventually(`a result of monitor ${id}`, async () => {
      const report = await app.get<Report>(`/monitors/${id}`);
      return report.probes > 0 ? report : undefined;
    });

  it('watches itself and reports uptime and latency', async () => {
    const [itself] = await app.get<Monitor[]>('/monitors');
    expect(itself?.url).toBe(`${app.address}/health`);

    const current = await probed(itself!.id);
    expect(current).toMatchObject({ monitor: { up: true }, uptime: 1 });
    expect(Object.values(current.latencyMs).every(Number.isFinite)).toBe(true);
    expect(current.lastResults[0]).toMatchObject({ up: true, httpStatus: 200, error: null });
  });

  it('tells an address that refuses connections from one that answers', async () => {
    const closed = createServer().listen(0, '127.0.0.1');
    await once(closed, 'listening');
    const { port } = closed.address() as AddressInfo;
    closed.close();

    const { status, body } = await app.post('/monitors', { url: `http://127.0.0.1:${port}`, intervalMs: 1_000 });
    expect(status).toBe(201);

    const current = await probed((body as Monitor).id);
    expect(current).toMatchObject({
      monitor: { up: false },
      uptime: 0,
      latencyMs: { p50: null, p95: null, p99: null },
    });
    expect(current.lastResults[0]).toMatchObject({ up: false, httpStatus: null });
    expect(current.lastResults[0]!.error).toContain('ECONNREFUSED');
  });

  it('refuses a bad body or URL with the field, the value and what is allowed', async () => {
    const refused: [payload: unknown, message: string][] = [
      [undefined, 'body is missing'],
      [[], 'body is []'],
      [{}, 'url is missing'],
      [{ url: 'nestjs.com' }, 'url is "nestjs.com"; allowed is an http: or https: URL'],
      [{ url: 'ftp://nestjs.com' }, 'url is "ftp://nestjs.com"'],
      [{ url: 'http://me:secret@nestjs.com' }, 'without user name and password'],
      [{ url: 'https://nestjs.com', intervalMs: 10 }, 'intervalMs is 10; allowed is a whole number'],
      [{ url: 'https://nestjs.com', intervalMs: '5000' }, 'intervalMs is "5000"'],
      [{ url: 'https://nestjs.com', interval: 5_000 }, 'allowed is a JSON object such as {"url"'],
    ];
    for (const [payload, message] of refused) {
      const { status, body } = await app.post('/monitors', payload);
      expect(status).toBe(400);
      expect((body as { message: string }).message).toContain(message);
    }
    expect(await app.get('/monitors')).toHaveLength(1);
  });

  it('answers 404 for an unknown monitor and 400 for a malformed id', async () => {
    expect(await app.status('/monitors/4711')).toBe(404);
    for (const id of ['abc', '0', '-1', '1.5', '99999999999']) {
      expect(await app.status(`/monitors/${id}`)).toBe(400);
    }
  });

  it('shows its workers', async () => {
    await eventually('all workers alive', async () => {
      const workers = await app.get<{ name: string; isAlive: boolean; state: { status: string } }[]>('/workers');
      expect(workers.map(({ name }) => name).toSorted()).toEqual(['alert', 'probe', 'prune']);
      return workers.every(({ isAlive, state }) => isAlive && typeof state.status === 'string') || undefined;
    });
  });

  it('drains the probe in flight at SIGTERM, then closes the database', async () => {
    const slow = await SlowServer.start();
    try {
      await app.post('/monitors', { url: slow.address, intervalMs: 60_000 });
      const response = await slow.request;

      app.signal('SIGTERM');
      await eventually('the shutdown to begin', async () => {
        const workers = await app.get<{ name: string; state: { status: string } }[]>('/workers');
        return workers.some(({ name, state }) => name === 'probe' && state.status === 'stopping') || undefined;
      });
      expect(app.output).not.toContain('Closed');
      response.end('late, but here');

      expect(await app.exited).toEqual({ code: null, signal: 'SIGTERM' });
      expect(app.output.indexOf(`${slow.address} is up`)).toBeGreaterThan(0);
      expect(app.output.indexOf('[Database] Closed')).toBeGreaterThan(app.output.indexOf(`${slow.address} is up`));
      expect(app.errors).toBe('');
      expect(storedResults(sqliteFile(), slow.address)).toEqual([{ up: 1, httpStatus: 200 }]);
    } finally {
      slow.close();
    }
  });

  it('says in one line that the port is in use, and exits with 1', async () => {
    const second = SampleApp.launch({ SQLITE_FILE: join(directory, 'second.sqlite'), PORT: app.port });
    expect(await second.exited).toEqual({ code: 1, signal: null });
    expect(second.errors.trimEnd().split('\n').at(-1)).toMatch(new RegExp(`^Port ${app.port} is in use\\.`));
  });
});

it('a bad setting is one line, and the exit code 1', async () => {
  const bad: [variable: string, value: string, allowed: string][] = [
    ['SMTP_URL', 'smtp://me:secret@localhost:99999', 'smtp://host:port or smtps://host:port'],
    ['PORT', '70000', 'a whole number from 0 (any free port) to 65535'],
  ];
  for (const [variable, value, allowed] of bad) {
    const app = SampleApp.launch({ [variable]: value });
    expect(await app.exited).toEqual({ code: 1, signal: null });
    expect(app.outputs).toBe(`${variable} is "${value.replace('me:secret', '…')}"; allowed: ${allowed}\n`);
  }
}, 30_000);

class SlowServer {
  private constructor(
    private readonly server: Server,
    readonly request: Promise<ServerResponse>,
  ) {}

  static async start(): Promise<SlowServer> {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    return new SlowServer(server, new Promise((resolve) => server.once('request', (_, response) => resolve(response))));
  }

  get address(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}/`;
  }

  close(): void {
    this.server.closeAllConnections();
    this.server.close();
  }
}

function storedResults(sqliteFile: string, url: string): unknown[] {
  const database = new libsql(sqliteFile);
  try {
    return database
      .prepare(
        `SELECT r.up, r."httpStatus" FROM uptime_probe_result r JOIN uptime_monitor m ON m.id = r."monitorId" WHERE m.url = ?`,
      )
      .all(url);
  } finally {
    database.close();
  }
}
