import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from 'pg';
import { beforeEach, expect, it } from 'vitest';
import { describeWith, postgres } from '../support/servers.js';
import { eventually } from './eventually.js';
import { SampleApp } from './sample-app.js';

describeWith(postgres, 'the sample app', () => {
  let app: SampleApp;
  let client: Client;
  let unused: string;

  beforeEach(async () => {
    const schema = `sample_${process.pid}_${Date.now()}`;
    const directory = mkdtempSync(join(tmpdir(), 'sample-postgres-'));
    const url = new URL(postgres.url);
    url.searchParams.set('options', `-csearch_path=${schema}`);
    unused = join(directory, 'unused.sqlite');
    client = new Client({ connectionString: url.href });
    await client.connect();
    await client.query(`CREATE SCHEMA ${schema}`);
    app = await SampleApp.start({ DATABASE_URL: url.href, SQLITE_FILE: unused });
    return async () => {
      await app.kill();
      await client.query(`DROP SCHEMA ${schema} CASCADE`);
      await client.end();
      rmSync(directory, { recursive: true, force: true });
    };
  }, 30_000);

  it('keeps its results there when DATABASE_URL is set', async () => {
    const result = await eventually('a successful probe', async () => {
      const { rows } = await client.query<{ up: boolean }>('SELECT up FROM uptime_probe_result');
      return rows[0];
    });
    expect(result).toEqual({ up: true });
    const report = await app.get<{ uptime: number; latencyMs: { p50: number } }>('/monitors/1');
    expect(report.uptime).toBe(1);
    expect(Number.isFinite(report.latencyMs.p50)).toBe(true);

    app.signal('SIGTERM');
    expect(await app.exited).toEqual({ code: null, signal: 'SIGTERM' });
    expect(app.output).toContain('[Database] Closed');
    expect(existsSync(unused)).toBe(false);
  });

  it('a transaction that waits for a lock holds up no other', async () => {
    await client.query('BEGIN');
    await client.query('SELECT FROM uptime_monitor FOR UPDATE');
    await eventually('a probe to wait for the lock', async () => {
      const { rows } = await client.query(
        `SELECT FROM pg_locks JOIN pg_stat_activity USING (pid) WHERE NOT granted AND pg_backend_pid() = ANY (pg_blocking_pids(pid))`,
      );
      return rows[0] as unknown;
    });
    expect(await app.post('/subscribers', { email: 'ada@localhost' })).toMatchObject({ status: 201 });
    await client.query('COMMIT');
  });

  it('of many sign-ups of one address at a time one is new', async () => {
    const signUp = (): ReturnType<SampleApp['post']> => app.post('/subscribers', { email: 'ada@localhost' });
    const answers = await Promise.all(Array.from({ length: 20 }, signUp));
    expect(answers.every(({ status }) => status === 201)).toBe(true);
    const isNew = ({ body }: { body: unknown }): boolean => (body as { welcome: string }).welcome === 'on its way';
    expect(answers.filter(isNew)).toHaveLength(1);
  });

  it('no alert without the COMMIT, one after it', async () => {
    await client.query(`
      CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'refused'; END $$;
      CREATE CONSTRAINT TRIGGER refuse_commit AFTER INSERT ON uptime_alert DEFERRABLE INITIALLY DEFERRED
        FOR EACH ROW EXECUTE FUNCTION refuse();
    `);
    const sent = async (): Promise<string[]> => {
      const mails = await app.get<{ subject: string }[]>('/mails');
      return mails.map(({ subject }) => subject);
    };
    const { port } = new URL(app.address);
    const url = `http://127.0.0.1:${port}/nothing`;
    await app.post('/monitors', { url, intervalMs: 1_000 });
    await eventually('the COMMIT to fail', async () => /QueryFailedError: .*refused/.exec(app.outputs)?.[0]);
    await app.post('/subscribers', { email: 'ada@localhost' });
    await eventually('a mail', async () => (await sent())[0]);
    expect(await sent()).toEqual(['Welcome']);

    await client.query('DROP TRIGGER refuse_commit ON uptime_alert');
    await eventually('the alert', async () => (await sent())[1]);
    expect(await sent()).toEqual([`${url} is down`, 'Welcome']);
  });
});
