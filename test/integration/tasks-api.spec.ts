import { Inject, Injectable, Scope, type OnModuleDestroy } from '@nestjs/common';
import { describe, expect, it } from 'vitest';
import {
  BackgroundTasks,
  BackgroundWorker,
  InjectTaskPool,
  type TaskContext,
  type TaskHandle,
  type WorkerContext,
} from '../../lib/index.js';
import { bootWith, Latch, until } from './support/app.js';

@Injectable({ scope: Scope.REQUEST })
class Session {}

@Injectable()
class Database implements OnModuleDestroy {
  isOpen = true;

  onModuleDestroy(): void {
    this.isOpen = false;
  }
}

@Injectable()
class Reports {
  @InjectTaskPool('reports') readonly pool!: BackgroundTasks;
}

describe('tasks in an app', () => {
  it('go to a pool that is injected into a property', async () => {
    const { app } = await bootWith([Reports], { pools: { reports: { concurrency: 1, queue: 0 } } });
    const { pool } = app.get(Reports);
    const only = pool.submit((ctx) => ctx.sleep(1));
    expect(() => pool.submit(() => 1)).toThrow(expect.objectContaining({ code: 'BGW_QUEUE_FULL' }) as Error);
    await only.result;
  });

  it('have a DI scope each', async () => {
    const { app } = await bootWith([Session]);
    const tasks = app.get(BackgroundTasks);
    const work = (ctx: TaskContext): Promise<readonly Session[]> =>
      Promise.all([ctx.resolve(Session), ctx.resolve(Session)]);
    const [[one, same], [other]] = await Promise.all([tasks.submit(work).result, tasks.submit(work).result]);
    expect(one).toBeInstanceOf(Session);
    expect(same).toBe(one);
    expect(other).not.toBe(one);
  });

  it('that are left when drain() waits no longer are named', async () => {
    const { app, lines } = await bootWith([]);
    const tasks = app.get(BackgroundTasks);
    const gate = new Latch();
    const { id } = tasks.submit(() => gate.opened, { name: 'slow' });
    await tasks.drain({ timeout: 1 });
    gate.open();
    await tasks.drain();
    expect(lines.entries.filter(({ level }) => level === 'warn').map(({ text }) => text)).toEqual([
      `drain() has waited 1 ms; abandoned, not finished: slow (${id})`,
    ]);
  });

  it('are drained where a worker submits them as it stops', async () => {
    const seen: boolean[] = [];

    @BackgroundWorker()
    class Collector {
      left: TaskHandle<void> | undefined;

      constructor(
        @Inject(BackgroundTasks) private readonly tasks: BackgroundTasks,
        @Inject(Database) private readonly database: Database,
      ) {}

      async run(ctx: WorkerContext): Promise<void> {
        try {
          await ctx.sleep(60_000);
        } finally {
          this.left = this.tasks.submit((task) => this.save(task));
        }
      }

      private async save(task: TaskContext): Promise<void> {
        await task.sleep(20);
        seen.push(this.database.isOpen);
      }
    }
    const { app, handle } = await bootWith([Collector, Database]);
    await until('it runs', () => handle().state.status === 'running');
    await app.close();
    expect(app.get(Collector).left?.state).toBe('done');
    expect(seen).toEqual([true]);
  });
});
