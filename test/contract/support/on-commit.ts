import type { INestApplicationContext } from '@nestjs/common';
import { afterEach, beforeEach, expect, it } from 'vitest';
import {
  BackgroundTasks,
  type BackgroundWorkerModuleOptions,
  type TaskContext,
  type WorkerEvent,
} from '../../../lib/index.js';
import { bootWith, Latch, rejection, type Lines } from '../../integration/support/app.js';
import { describeWith, mariadb, postgres, type Server } from '../../support/servers.js';
import type { Orm } from './orm.js';

class Undo extends Error {}

/** What each ORM adapter promises, on each of the servers. */
export function contractOf<M>(orm: Orm<M>): void {
  for (const server of [postgres, mariadb]) describeWith(server, orm.title, () => suite(orm, server));
}

function suite<M>(orm: Orm<M>, server: Server): void {
  const table = `bgw_on_commit_${process.pid}`;
  const journal: string[] = [];
  let app: INestApplicationContext;
  let tasks: BackgroundTasks;
  let lines: Lines;
  let events: WorkerEvent[];
  beforeEach(() => void journal.splice(0));
  afterEach(() => orm.sql(orm.manager(app), `drop table ${table}`));

  async function boot(pool = 4, options: BackgroundWorkerModuleOptions = {}): Promise<M> {
    const booted = await bootWith([], options, { imports: orm.imports(server, pool) });
    ({ app, lines } = booted);
    events = [];
    booted.workers.events$.subscribe((event) => void events.push(event));
    tasks = app.get(BackgroundTasks);
    const manager = orm.manager(app);
    await orm.sql(manager, `drop table if exists ${table}`);
    await orm.sql(manager, `create table ${table} (id int primary key)`);
    return manager;
  }
  const note = (what: string) => (): void => void journal.push(what);
  const on = (manager: M, what: string): void => orm.onCommit(manager, note(what));
  const insert = (manager: M, id: number) => orm.sql(manager, `insert into ${table} values (${id})`);
  const rows = async (): Promise<number[]> =>
    (await orm.sql(orm.manager(app), `select id from ${table} order by id`)).map(({ id }) => Number(id));
  /** Undoes what `work` did, and reports nothing else. */
  const undone = async (manager: M, work: (manager: M) => Promise<void>): Promise<void> => {
    const failure = await rejection(
      orm.transaction(manager, async (inner) => {
        await work(inner);
        throw new Undo();
      }),
    );
    expect(failure).toBeInstanceOf(Undo);
  };
  const journalAfter = async (): Promise<readonly string[]> => {
    await tasks.drain({ timeout: 5_000 });
    return journal;
  };

  it('runs callbacks after the COMMIT, in order, each as a task', async () => {
    const manager = await boot();
    await orm.transaction(manager, async (inner) => {
      await insert(inner, 1);
      for (let nr = 1; nr <= 20; nr++) on(inner, `callback ${nr}`);
      orm.onCommit(inner, async (ctx: TaskContext) => journal.push(`${ctx.attempt}: rows ${(await rows()).join()}`));
      await tasks.drain();
      await insert(inner, 2);
      journal.push('last statement');
    });
    const callbacks = Array.from({ length: 20 }, (_, nr) => `callback ${nr + 1}`);
    expect(await journalAfter()).toEqual(['last statement', ...callbacks, '1: rows 1,2']);
  });

  it('runs one at once without a transaction', async () => {
    const manager = await boot();
    on(manager, 'at once');
    expect(await journalAfter()).toEqual(['at once']);
  });

  it('waits for the outermost COMMIT, whatever savepoints are released', async () => {
    const manager = await boot();
    await orm.transaction(manager, async (outer) => {
      on(outer, 'outer, before');
      await orm.transaction(outer, async (middle) => {
        on(middle, 'middle');
        await orm.transaction(middle, async (inner) => {
          on(inner, 'inner');
          await insert(inner, 1);
        });
        on(middle, 'middle, after');
      });
      await tasks.drain();
      expect(journal).toEqual([]);
      on(outer, 'outer, after');
    });
    expect(await journalAfter()).toEqual(['outer, before', 'middle', 'inner', 'middle, after', 'outer, after']);
    expect(await rows()).toEqual([1]);
  });

  it('drops those of a rolled-back savepoint, and of the savepoints released into it', async () => {
    const manager = await boot();
    await orm.transaction(manager, async (outer) => {
      await insert(outer, 1);
      on(outer, 'outer');
      await orm.transaction(outer, async (first) => on(first, 'first'));
      await undone(outer, async (middle) => {
        on(middle, 'dropped');
        await insert(middle, 2);
        await orm.transaction(middle, async (inner) => {
          on(inner, 'released, then dropped');
          await insert(inner, 3);
        });
      });
      await orm.transaction(outer, async (second) => {
        on(second, 'second');
        await undone(second, async (inner) => {
          on(inner, 'dropped');
          await insert(inner, 4);
        });
        on(second, 'second, after');
      });
      on(outer, 'outer, after');
    });
    expect(await journalAfter()).toEqual(['outer', 'first', 'second', 'second, after', 'outer, after']);
    expect(await rows()).toEqual([1]);
  });

  it('drops all of a rolled-back transaction, released savepoints included', async () => {
    const manager = await boot();
    await undone(manager, async (outer) => {
      on(outer, 'dropped');
      await orm.transaction(outer, async (inner) => on(inner, 'dropped'));
    });
    await orm.transaction(manager, async (next) => on(next, 'of the next'));
    expect(await journalAfter()).toEqual(['of the next']);
  });

  it('keeps transactions apart that are open at the same time', async () => {
    const manager = await boot();
    const both = [new Latch(), new Latch()] as const;
    const doomed = undone(manager, async (inner) => {
      on(inner, 'dropped');
      both[0].open();
      await both[1].opened;
    });
    await orm.transaction(manager, async (inner) => {
      await both[0].opened;
      on(inner, 'kept');
      both[1].open();
      await doomed;
    });
    expect(await journalAfter()).toEqual(['kept']);
  });

  it('knows transactions that are begun by hand, one after the other', async () => {
    await boot();
    const { manager, begin, commit, rollback, end } = await orm.begin(app);
    on(manager, 'dropped');
    await rollback();
    await begin();
    on(manager, 'kept');
    await commit();
    on(manager, 'between transactions');
    await begin();
    on(manager, 'dropped, too');
    await rollback();
    await end();
    expect(await journalAfter()).toEqual(['kept', 'between transactions']);
  });

  it('tells nobody but the log and the events of one that throws', async () => {
    const manager = await boot();
    await orm.transaction(manager, async (inner) => {
      on(inner, 'before');
      orm.onCommit(inner, () => Promise.reject(new Error('mail server down')), { name: 'mail' });
      orm.onCommit(inner, () => {
        throw new Error('thrown at once');
      });
      on(inner, 'after');
    });
    expect(await journalAfter()).toEqual(['before', 'after']);
    const failed = events.filter(({ type }) => type === 'taskFailed').map((event) => 'error' in event && event.error);
    expect(failed).toEqual([new Error('thrown at once'), new Error('mail server down')]);
    expect(lines.entries.map(({ text }) => text)).toContainEqual(
      expect.stringMatching(/^task mail .*mail server down/),
    );
  });

  it('takes the options of a task', async () => {
    const manager = await boot();
    await orm.transaction(manager, async (inner) => {
      const failOnce = ({ attempt }: TaskContext): void => {
        journal.push(`attempt ${attempt}`);
        if (attempt === 1) throw new Error('once');
      };
      orm.onCommit(inner, failOnce, { retries: 1, backoff: { initial: 1 } });
    });
    expect(await journalAfter()).toEqual(['attempt 1', 'attempt 2']);
  });

  it('does not hold up who commits, nor the connection', async () => {
    const manager = await boot(1);
    const release = new Latch();
    await orm.transaction(manager, async (inner) => {
      await insert(inner, 1);
      orm.onCommit(inner, () => release.opened);
    });
    expect(await rows()).toEqual([1]);
    release.open();
  });

  it('submits what was committed even where a subscriber throws afterwards', async () => {
    const manager = await boot();
    orm.throwAfterCommit(app);
    const failure = await rejection(
      orm.transaction(manager, async (inner) => {
        await insert(inner, 1);
        on(inner, 'committed');
      }),
    );
    expect(failure.message).toContain('from a subscriber');
    expect(await journalAfter()).toEqual(['committed']);
    expect(await rows()).toEqual([1]);
  });

  it('loses callbacks that a full pool refuses, not in silence, and not the transaction', async () => {
    const manager = await boot(4, { pool: { concurrency: 1, queue: 0 } });
    const release = new Latch();
    await orm.transaction(manager, async (inner) => {
      await insert(inner, 1);
      orm.onCommit(inner, () => release.opened);
      orm.onCommit(inner, note('refused'), { name: 'mail' });
    });
    expect(await rows()).toEqual([1]);
    expect(events.map(({ type }) => type)).toContain('taskRefused');
    const lost = expect.stringMatching(/^onCommit callback mail was lost: .*BGW_QUEUE_FULL/) as string;
    expect(lines.entries).toContainEqual(expect.objectContaining({ level: 'error', text: lost }));
    release.open();
    expect(await journalAfter()).toEqual([]);
  });

  if (server.kind === 'postgres')
    it('drops all where the COMMIT itself fails', async () => {
      const manager = await boot();
      await orm.sql(manager, `drop table ${table}`);
      await orm.sql(manager, `create table ${table} (id int unique deferrable initially deferred)`);
      const failure = await rejection(
        orm.transaction(manager, async (inner) => {
          await insert(inner, 1);
          await insert(inner, 1);
          on(inner, 'dropped');
        }),
      );
      expect(failure.message).toContain('duplicate key');
      expect(await journalAfter()).toEqual([]);
      expect(await rows()).toEqual([]);
    });

  if (server.kind === 'postgres')
    it('refuses the COMMIT of a transaction in which a statement failed, and drops all', async () => {
      const manager = await boot();
      const failure = await rejection(
        orm.transaction(manager, async (inner) => {
          await insert(inner, 1);
          on(inner, 'dropped');
          await rejection(orm.sql(inner, 'select nonsense'));
        }),
      );
      expect(failure.message).toMatch(/aborted/);
      const byHand = await orm.begin(app);
      on(byHand.manager, 'dropped');
      await rejection(orm.sql(byHand.manager, 'select nonsense'));
      await rejection(byHand.commit());
      await byHand.rollback();
      await byHand.end();
      expect(await journalAfter()).toEqual([]);
      expect(await rows()).toEqual([]);
    });

  it('commits where a statement failed in a savepoint that was rolled back', async () => {
    const manager = await boot();
    await orm.transaction(manager, async (outer) => {
      on(outer, 'kept');
      await rejection(
        orm.transaction(outer, async (inner) => {
          on(inner, 'dropped');
          await orm.sql(inner, 'select nonsense');
        }),
      );
      await insert(outer, 1);
    });
    expect(await journalAfter()).toEqual(['kept']);
    expect(await rows()).toEqual([1]);
  });

  if (server.kind === 'mariadb')
    it('refuses the COMMIT of a transaction that a deadlock rolled back, and drops all', async () => {
      const manager = await boot();
      for (const id of [1, 2]) await insert(manager, id);
      const holds = [new Latch(), new Latch()] as const;
      const victims: number[] = [];
      const lock = (inner: M, id: number) => orm.sql(inner, `select * from ${table} where id = ${id} for update`);
      const locksBoth = (mine: 0 | 1): Promise<void> =>
        orm.transaction(manager, async (inner) => {
          await lock(inner, 1 + mine);
          on(inner, `callback ${mine}`);
          holds[mine].open();
          await holds[1 - mine]!.opened;
          await lock(inner, 2 - mine).catch(() => victims.push(mine));
        });
      const ends = await Promise.allSettled([locksBoth(0), locksBoth(1)]);
      const [victim] = victims;
      expect(victims).toHaveLength(1);
      expect(ends[victim!]).toMatchObject({ status: 'rejected', reason: { code: 'BGW_TRANSACTION_ENDED' } });
      expect(ends[1 - victim!]).toMatchObject({ status: 'fulfilled' });
      expect(await journalAfter()).toEqual([`callback ${1 - victim!}`]);
    });

  it('refuses a transaction that has ended, what is no function, and a database that no app knows', async () => {
    const manager = await boot();
    let kept: M | undefined;
    await orm.transaction(manager, async (inner) => {
      kept = inner;
      expect(() => orm.onCommit(inner, 'mail' as never)).toThrow(/fn.*is 'mail'.*BGW_INVALID_OPTION/s);
    });
    expect(() => on(kept!, 'late')).toThrow(expect.objectContaining({ code: 'BGW_TRANSACTION_ENDED' }) as Error);
    const stranger = await orm.stranger(server);
    try {
      expect(() => on(stranger.manager, 'no')).toThrow(
        expect.objectContaining({ code: 'BGW_NOT_REGISTERED' }) as Error,
      );
    } finally {
      await stranger.close();
    }
    expect(await journalAfter()).toEqual([]);
  });

  it('works in a unit, which gives its connection back', async () => {
    await boot(1);
    const unit = tasks.submit(async () => {
      const manager = orm.managerOfUnit(app);
      await orm.transaction(manager, async (inner) => {
        await insert(inner, 1);
        on(inner, 'committed');
        await undone(inner, async (savepoint) => on(savepoint, 'dropped'));
      });
      return orm.managerOfUnit(app) === manager;
    });
    expect(await unit.result).toBe(true);
    expect(await rows()).toEqual([1]);
    expect(await journalAfter()).toEqual(['committed']);
  });

  it('rolls back what a unit leaves open, and fails the unit that did not know', async () => {
    await boot(1);
    const left = async (fail: boolean): Promise<void> => {
      const manager = orm.managerOfUnit(app);
      await orm.beginIn(manager);
      await insert(manager, 1);
      on(manager, 'dropped');
      if (fail) throw new Error('own');
    };
    expect(await rejection(tasks.submit(() => left(true)).result)).toMatchObject({ message: 'own' });
    expect(await rows()).toEqual([]);
    expect(await rejection(tasks.submit(() => left(false)).result)).toMatchObject({ code: 'BGW_OPEN_TRANSACTION' });
    expect(await rows()).toEqual([]);
    expect(await journalAfter()).toEqual([]);
  });

  it('rolls back all that a unit leaves open', async () => {
    const manager = await boot(2);
    const unit = tasks.submit(async () => {
      const own = orm.managerOfUnit(app);
      await orm.beginIn(own);
      await insert(own, 1);
      await orm.beginIn(own);
    });
    expect(await rejection(unit.result)).toMatchObject({ code: 'BGW_OPEN_TRANSACTION' });
    // Both connections of the pool are there.
    await orm.transaction(manager, async (one) => {
      await insert(one, 2);
      await orm.transaction(manager, async (other) => void (await insert(other, 3)));
    });
    expect(await rows()).toEqual([2, 3]);
  });

  it('gives back a connection that comes after the end of the unit that waited for it', async () => {
    const manager = await boot(1);
    const [held, release] = [new Latch(), new Latch()];
    const holder = orm.transaction(manager, async (inner) => {
      await insert(inner, 1);
      held.open();
      await release.opened;
    });
    await held.opened;
    let begun: Promise<unknown> | undefined;
    await tasks.submit(() => {
      begun = Promise.allSettled([orm.beginIn(orm.managerOfUnit(app))]);
    }).result;
    release.open();
    await holder;
    await begun;
    await insert(manager, 2);
    expect(await rows()).toEqual([1, 2]);
  });
}
