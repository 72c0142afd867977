import { Injectable, Module, type OnModuleDestroy } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { describe, expect, it } from 'vitest';
import {
  BackgroundTask,
  BackgroundTasks,
  BackgroundWorkerModule,
  InjectTaskPool,
  type BackgroundWorkerModuleOptions,
  type StandardSchemaV1,
  type TaskContext,
} from '../../lib/index.js';
import { closing, Lines } from './support/app.js';

const stringToNumber: StandardSchemaV1<{ n: string }, { n: number }> = {
  '~standard': {
    version: 1,
    vendor: 'test',
    validate: (value) =>
      /^\d+$/.test((value as { n: string }).n)
        ? { value: { n: Number((value as { n: string }).n) } }
        : { issues: [{ message: 'digits', path: ['n'] }] },
  },
};

const got: unknown[] = [];

@Injectable()
class Mailer implements OnModuleDestroy {
  open = true;

  @BackgroundTask({ name: 'mail.welcome' })
  async welcome(payload: { to: string; on?: undefined }, ctx: TaskContext): Promise<string> {
    await ctx.sleep(1);
    got.push([payload, this.open, ctx.attempt]);
    return `to ${payload.to}`;
  }

  @BackgroundTask({ payload: stringToNumber, concurrency: 1 })
  parsed(payload: { n: number }): number {
    got.push(payload);
    return payload.n;
  }

  onModuleDestroy(): void {
    this.open = false;
  }
}

@Injectable()
class Reports {
  constructor(
    @InjectTaskPool('reports') readonly pool: BackgroundTasks,
    readonly tasks: BackgroundTasks,
  ) {}
}

async function boot(
  options: BackgroundWorkerModuleOptions = {},
  providers: NonNullable<Parameters<typeof Module>[0]['providers']> = [Mailer],
) {
  @Module({ imports: [BackgroundWorkerModule.forRoot(options)], providers })
  class AppModule {}
  const lines = new Lines();
  const app = closing(await NestFactory.createApplicationContext(AppModule, { logger: lines, abortOnError: false }));
  return { app, lines, tasks: app.get(BackgroundTasks) };
}

describe('tasks in an app', () => {
  it('dispatches JSON to a handler, and says once that memory is not durable', async () => {
    const { app, tasks, lines } = await boot();
    got.length = 0;
    const { id } = await tasks.dispatch(Mailer, 'welcome', { to: 'ada', on: undefined });
    await tasks.dispatch(Mailer, 'welcome', { to: 'bob' }, { id: 'mine' });
    await tasks.dispatch(Mailer, 'welcome', { to: 'bob' }, { id: 'mine' });
    await tasks.drain();
    expect(got).toEqual([
      [{ to: 'ada' }, true, 1],
      [{ to: 'bob' }, true, 1],
    ]);
    expect(await tasks.status(id)).toEqual({ id, name: 'mail.welcome', state: 'done', attempt: 1 });
    expect(lines.of('warn').filter((line) => line.includes('in memory'))).toHaveLength(1);
    await app.close();
  });

  it('validates at both ends: the original is sent, the handler gets the output', async () => {
    const { tasks } = await boot();
    got.length = 0;
    await tasks.dispatch(Mailer, 'parsed', { n: '5' } as never);
    await tasks.drain();
    expect(got).toEqual([{ n: 5 }]);
    await expect(tasks.dispatch(Mailer, 'parsed', { n: 'x' } as never)).rejects.toMatchObject({
      code: 'BGW_PAYLOAD_REFUSED',
      message: expect.stringContaining('payload.n: digits') as string,
    });
  });

  it('refuses what is no JSON, no handler, no option, and a transaction', async () => {
    const { tasks } = await boot();
    const refused = async (promise: Promise<unknown>, code: string): Promise<void> =>
      await expect(promise).rejects.toMatchObject({ code });
    await refused(tasks.dispatch(Mailer, 'welcome', { to: new Date() } as never), 'BGW_NOT_JSON');
    await refused(tasks.dispatch(Mailer, 'onModuleDestroy' as never), 'BGW_UNKNOWN_HANDLER');
    await refused(tasks.dispatch(Mailer, 'welcome', { to: 'x' }, { delay: -1 }), 'BGW_INVALID_OPTION');
    await refused(tasks.dispatch(Mailer, 'welcome', { to: 'x' }, { transaction: {} }), 'BGW_UNSUPPORTED_OPTION');
  });

  it('runs a handler here with a copy of the payload, and with its result', async () => {
    const { tasks } = await boot();
    const buffer = new ArrayBuffer(8);
    const handle = tasks.run(Mailer, 'welcome', { to: 'eve' }, { transfer: [buffer] });
    expect(buffer.byteLength).toBe(0);
    expect(await handle.result).toBe('to eve');
  });

  it('has named pools with bounds of their own', async () => {
    const { app } = await boot({ pools: { reports: { concurrency: 1, queue: 0 } } }, [Reports]);
    const { pool, tasks } = app.get(Reports);
    pool.submit((ctx) => ctx.sleep(1));
    expect(() => pool.submit(() => 1)).toThrow(expect.objectContaining({ code: 'BGW_QUEUE_FULL' }));
    expect(await tasks.submit(() => 1).result).toBe(1);
  });

  it('takes no tasks where consumers are off, but submits', async () => {
    const { tasks } = await boot({ enabled: false });
    await expect(tasks.dispatch(Mailer, 'welcome', { to: 'x' })).rejects.toMatchObject({ code: 'BGW_NO_CONSUMER' });
    expect(await tasks.submit(() => 1).result).toBe(1);
  });

  it('refuses two handlers of one name, a thread, and a bad option at boot', async () => {
    class Twice {
      @BackgroundTask({ name: 'mail.welcome' })
      again(): void {}
    }
    class Threaded {
      @BackgroundTask({ thread: './x.js' })
      work(): void {}
    }
    class Bad {
      @BackgroundTask({ retries: -1 })
      work(): void {}
    }
    await expect(boot({}, [Mailer, Twice])).rejects.toMatchObject({ code: 'BGW_DUPLICATE_HANDLER' });
    await expect(boot({}, [Threaded])).rejects.toMatchObject({ code: 'BGW_UNSUPPORTED_OPTION' });
    await expect(boot({}, [Bad])).rejects.toThrow('Bad.work: option "retries" is -1');
    await expect(boot({ pool: { concurrency: 0 } })).rejects.toThrow('option "pool.concurrency" is 0');
  });

  it('drains with the workers, before what tasks need is destroyed, and names what never settles', async () => {
    const { app, tasks, lines } = await boot({ shutdownTimeout: 500, defaults: { cancelGrace: 50 } });
    const mailer = app.get(Mailer);
    let sawOpen = false;
    const drained = tasks.submit(async (ctx) => {
      await ctx.sleep(100);
      sawOpen = mailer.open;
    });
    tasks.submit(() => new Promise(() => undefined), { name: 'never' });
    await app.close();
    expect([drained.state, sawOpen]).toEqual(['done', true]);
    expect(lines.one(/abandoned/)).toMatch(/abandoned, still running: 1 task: never \(/);
    expect(() => tasks.submit(() => 1)).toThrow(expect.objectContaining({ code: 'BGW_SHUTTING_DOWN' }));
  });

  it('drains once more what is submitted by others’ hooks', async () => {
    const late: string[] = [];
    @Injectable()
    class Late implements OnModuleDestroy {
      constructor(readonly tasks: BackgroundTasks) {}
      onModuleDestroy(): void {
        this.tasks.submit(async (ctx) => {
          await ctx.sleep(20);
          late.push('ran');
        });
      }
    }
    const { app } = await boot({}, [Late]);
    await app.close();
    expect(late).toEqual(['ran']);
  });
});
