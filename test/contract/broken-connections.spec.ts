import { setImmediate } from 'node:timers/promises';
import type { INestApplicationContext } from '@nestjs/common';
import { createConnection } from 'mysql2/promise';
import * as typeorm from 'typeorm';
import * as old from 'typeorm-0.3';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { BackgroundTasks, BackgroundWorker, BackgroundWorkers, type TaskContext } from '../../lib/index.js';
import { bootWith, Latch, rejection } from '../integration/support/app.js';
import { describeWith, mariadb, type Server } from '../support/servers.js';
import { bin, Cluster } from './support/cluster.js';
import { mikroOrm } from './support/mikro-orm.js';
import type { Orm } from './support/orm.js';
import { typeOrm } from './support/typeorm.js';

const orms = (
  process.env['BGW_MIKRO_ORM']
    ? [mikroOrm(`MikroORM ${process.env['BGW_MIKRO_ORM']}`)]
    : [
        typeOrm('TypeORM 1', typeorm),
        typeOrm('TypeORM 0.3', old as unknown as typeof typeorm, 'OLD_DATA_SOURCE'),
        mikroOrm('MikroORM 6'),
      ]
) as Orm<unknown>[];

const ID = { postgres: 'select pg_backend_pid() as id', mariadb: 'select connection_id() as id' };
const POOL = 3;

/** An app with work that uses its unit's connection. */
class Rig {
  readonly tasks: BackgroundTasks;

  constructor(
    private readonly orm: Orm<unknown>,
    private readonly kind: Server['kind'],
    readonly app: INestApplicationContext,
  ) {
    this.tasks = app.get(BackgroundTasks);
  }

  static async boot(orm: Orm<unknown>, server: Server, ...workers: (typeof TickWorker)[]): Promise<Rig> {
    const { app } = await bootWith(workers, {}, { imports: orm.imports(server, POOL) });
    const rig = new Rig(orm, server.kind, app);
    if (workers.length > 0) TickWorker.work = () => rig.work();
    return rig;
  }

  async idOf(manager: unknown): Promise<number> {
    const [row] = await this.orm.sql(manager, ID[this.kind]);
    return Number(row!['id']);
  }

  /** In a transaction of the current unit; `meanwhile` is told its connection. */
  async work(meanwhile?: (id: number) => Promise<unknown>): Promise<number> {
    let id = 0;
    await this.orm.transaction(this.orm.managerOfUnit(this.app), async (manager) => {
      id = await this.idOf(manager);
      this.orm.onCommit(manager, () => void this.committed.push(id));
      await meanwhile?.(id);
      await this.orm.sql(manager, 'select 1');
    });
    return id;
  }
  readonly committed: number[] = [];

  unit(meanwhile?: (id: number) => Promise<unknown>): Promise<number> {
    return this.tasks.submit(() => this.work(meanwhile)).result;
  }

  /** Units at the same time, so that the pool has all its connections open. */
  async fillPool(): Promise<readonly number[]> {
    const all = new Latch();
    const ids: number[] = [];
    const meanwhile = async (id: number): Promise<void> => {
      if (ids.push(id) === POOL) all.open();
      await all.opened;
    };
    return await Promise.all(Array.from({ length: POOL }, () => this.unit(meanwhile)));
  }
}

@BackgroundWorker({ name: 'job', every: { rate: 60_000, initialDelay: 50_000 } })
class TickWorker {
  static work: () => Promise<unknown>;
  run = (): Promise<unknown> => TickWorker.work();
}

/** A client that lost its server learns of it in its next turns. */
async function settled(): Promise<void> {
  for (let turn = 0; turn < 3; turn++) await setImmediate();
}

// Vitest fails the run at an uncaught error: the 'error' of an idle client that nobody listens to would be one.
describe.skipIf(bin === undefined)('broken connections to PostgreSQL', () => {
  let cluster: Cluster;
  let server: Server;
  beforeAll(async () => {
    cluster = await Cluster.start();
    await cluster.query('create role impatient superuser login');
    await cluster.query("alter role impatient set idle_session_timeout = '200ms'");
    server = { title: 'PostgreSQL', kind: 'postgres', url: cluster.url };
  }, 60_000);
  afterAll(() => cluster.stop(), 60_000);

  const backends = (count: number) =>
    vi.waitFor(async () => expect(await cluster.backends()).toHaveLength(count), { timeout: 10_000, interval: 20 });

  describe.each(orms)('with $title', (orm) => {
    it('nothing is checked out, and nothing idle in transaction, between units', async () => {
      const rig = await Rig.boot(orm, server);
      await rig.fillPool();
      const failed = rig.unit(() => Promise.reject(new Error('no')));
      await expect(failed).rejects.toThrow('no');
      const left = rig.tasks.submit(async () => await orm.beginIn(orm.managerOfUnit(rig.app)));
      await expect(left.result).rejects.toThrow('BGW_OPEN_TRANSACTION');
      const states = (await cluster.backends()).map(({ state }) => state);
      expect(states.length).toBeLessThanOrEqual(POOL);
      expect(new Set(states)).toEqual(new Set(['idle']));
    });

    it('the unit’s own: it fails, the next works, and nothing of it counts as committed', async () => {
      const rig = await Rig.boot(orm, server);
      await rig.fillPool();
      await rig.tasks.drain();
      const before = rig.committed.length;
      await expect(rig.unit((id) => cluster.kill([id]))).rejects.toThrow();
      const next = await rig.unit();
      await rig.tasks.drain();
      expect(rig.committed.slice(before)).toEqual([next]);
    });

    it('the unit’s own, of a task with retries: the retry works', async () => {
      const rig = await Rig.boot(orm, server);
      const attempts: number[] = [];
      const fn = async ({ attempt }: TaskContext): Promise<void> => {
        attempts.push(attempt);
        await rig.work(attempt === 1 ? (id) => cluster.kill([id]) : undefined);
      };
      await rig.tasks.submit(fn, { retries: 1, backoff: { initial: 1 } }).result;
      expect(attempts).toEqual([1, 2]);
    });

    it('the unit’s own, of a worker: the next tick works', async () => {
      const rig = await Rig.boot(orm, server, TickWorker);
      const handle = rig.app.get(BackgroundWorkers).get('job');
      TickWorker.work = () => rig.work((id) => cluster.kill([id]));
      await rejection(handle.trigger());
      TickWorker.work = () => rig.work();
      await handle.trigger();
      expect(handle.state).toMatchObject({ status: 'waiting', on: 'schedule', failures: 0 });
    });

    it('an idle one: no unit fails', async () => {
      const rig = await Rig.boot(orm, server);
      const [first] = await rig.fillPool();
      await cluster.kill([first!]);
      await settled();
      const ids = await rig.fillPool();
      expect(ids).not.toContain(first);
    });

    it('every one: the units in flight fail, the next work', async () => {
      const rig = await Rig.boot(orm, server);
      await rig.fillPool();
      const [held, idle] = [new Latch(), new Latch()];
      const inFlight = rig.unit(async () => {
        held.open();
        await idle.opened;
      });
      await held.opened;
      await cluster.kill((await cluster.backends()).map(({ pid }) => pid));
      await settled();
      idle.open();
      await rejection(inFlight);
      expect(new Set(await rig.fillPool()).size).toBe(POOL);
    });

    it('the server’s idle time-out: no unit fails', async () => {
      const rig = await Rig.boot(orm, { ...server, url: server.url.replace('postgres@', 'impatient@') });
      const before = await rig.fillPool();
      await backends(0);
      await settled();
      const after = await rig.fillPool();
      expect(after.filter((id) => before.includes(id))).toEqual([]);
    });

    it('a restart of the server: the unit in flight is retried, the next works', async () => {
      const rig = await Rig.boot(orm, server);
      await rig.fillPool();
      const attempts: number[] = [];
      const fn = async ({ attempt }: TaskContext): Promise<void> => {
        attempts.push(attempt);
        await rig.work(attempt === 1 ? () => cluster.restart() : undefined);
      };
      await rig.tasks.submit(fn, { retries: 1, backoff: { initial: 1 } }).result;
      expect(attempts).toEqual([1, 2]);
      await rig.fillPool();
    }, 60_000);
  });
});

describeWith(mariadb, 'broken connections', () => {
  /** On a connection of its own. */
  async function query(...statements: readonly string[]): Promise<unknown> {
    const connection = await createConnection(mariadb.url);
    try {
      let rows: unknown;
      for (const statement of statements) [rows] = await connection.query(statement);
      return rows;
    } finally {
      await connection.end();
    }
  }
  const gone = (ids: readonly number[]) =>
    vi.waitFor(
      async () => {
        const left = await query(`select id from information_schema.processlist where id in (${ids.join()})`);
        expect(left).toEqual([]);
      },
      { timeout: 10_000, interval: 20 },
    );
  async function kill(ids: readonly number[]): Promise<void> {
    await query(...ids.map((id) => `kill connection ${id}`));
    await gone(ids);
  }

  describe.each(orms)('with $title', (orm) => {
    it('the unit’s own: it fails, the next works', async () => {
      const rig = await Rig.boot(orm, mariadb);
      await rejection(rig.unit((id) => kill([id])));
      const next = await rig.unit();
      await rig.tasks.drain();
      expect(rig.committed).toEqual([next]);
    });

    it('every idle one: no unit fails', async () => {
      const rig = await Rig.boot(orm, mariadb);
      const before = await rig.fillPool();
      await kill(before);
      await settled();
      const after = await rig.fillPool();
      expect(after.filter((id) => before.includes(id))).toEqual([]);
    });

    it('the server’s idle time-out: no unit fails', async () => {
      const rig = await Rig.boot(orm, mariadb);
      const impatient = async (): Promise<number> => {
        const manager = orm.managerOfUnit(rig.app);
        let id = 0;
        await orm.transaction(manager, async (inner) => {
          id = await rig.idOf(inner);
          await orm.sql(inner, 'set session wait_timeout = 1');
        });
        return id;
      };
      const id = await rig.tasks.submit(impatient).result;
      await gone([id]);
      await settled();
      expect(await rig.unit()).not.toBe(id);
    });
  });
});
