import { execFile } from 'node:child_process';
import { chown, mkdtemp, readdir, rm } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Client } from 'pg';

const run = promisify(execFile);

/** Debian keeps them off PATH. */
async function binaries(): Promise<string | undefined> {
  const versions = await readdir('/usr/lib/postgresql').catch(() => []);
  const candidates = versions.sort((a, b) => Number(b) - Number(a)).map((one) => `/usr/lib/postgresql/${one}/bin/`);
  for (const candidate of [...candidates, '']) {
    const works = await run(`${candidate}initdb`, ['--version']).then(
      () => true,
      () => false,
    );
    if (works) return candidate;
  }
  return undefined;
}

export const bin = await binaries();
if (bin === undefined) {
  const missing = 'no initdb and pg_ctl: install the PostgreSQL server';
  if (process.env['CI'] === 'true') throw new Error(missing);
  console.warn(`SKIPPED: ${missing}`);
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** A PostgreSQL server of one's own, which may be restarted and whose connections may be killed. */
export class Cluster {
  private constructor(
    private readonly directory: string,
    readonly port: number,
  ) {}

  static async start(): Promise<Cluster> {
    const cluster = new Cluster(await mkdtemp(join(tmpdir(), 'bgw-postgres-')), await freePort());
    await cluster.own();
    await cluster.run('initdb', '-D', cluster.data, '-A', 'trust', '-U', 'postgres', '--no-sync', '-E', 'UTF8');
    await cluster.control('start');
    return cluster;
  }

  get url(): string {
    return `postgres://postgres@127.0.0.1:${this.port}/postgres`;
  }

  restart(): Promise<void> {
    return this.control('restart');
  }

  async stop(): Promise<void> {
    await this.control('stop');
    await rm(this.directory, { recursive: true, force: true });
  }

  /** One statement on a connection of its own. */
  async query<R extends object>(statement: string, ...values: unknown[]): Promise<R[]> {
    const client = new Client({ connectionString: this.url, application_name: 'the test' });
    await client.connect();
    try {
      return (await client.query<R>(statement, values)).rows;
    } finally {
      await client.end();
    }
  }

  /** Of the app's connections. */
  async backends(): Promise<readonly { pid: number; state: string }[]> {
    return await this.query(
      "select pid, state from pg_stat_activity where backend_type = 'client backend' and application_name <> 'the test'",
    );
  }

  async kill(pids: readonly number[]): Promise<void> {
    await this.query('select pg_terminate_backend(pid, 5000) from unnest($1::int[]) pid', pids);
  }

  private get data(): string {
    return join(this.directory, 'data');
  }

  private async control(what: 'start' | 'stop' | 'restart'): Promise<void> {
    const settings = `-p ${this.port} -k ${this.directory} -h 127.0.0.1 -F`;
    const more = what === 'stop' ? [] : ['-o', settings, '-l', join(this.directory, 'log')];
    await this.run('pg_ctl', what, '-D', this.data, '-m', 'fast', '-w', ...more);
  }

  /** PostgreSQL refuses to run as root. */
  private get isRoot(): boolean {
    return userInfo().uid === 0;
  }

  private async own(): Promise<void> {
    if (!this.isRoot) return;
    const [uid, gid] = await Promise.all(['-u', '-g'].map((flag) => run('id', [flag, 'postgres'])));
    await chown(this.directory, Number(uid?.stdout), Number(gid?.stdout));
  }

  private async run(program: string, ...args: string[]): Promise<void> {
    const command = [`${bin ?? ''}${program}`, ...args];
    const [file = '', ...rest] = this.isRoot ? ['runuser', '-u', 'postgres', '--', ...command] : command;
    await run(file, rest, { cwd: this.directory });
  }
}
