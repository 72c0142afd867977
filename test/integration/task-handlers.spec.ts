import { Body, Controller, Injectable, Module, Post, type DynamicModule, type OnModuleDestroy } from '@nestjs/common';
import { LazyModuleLoader } from '@nestjs/core';
import * as v from 'valibot';
import { describe, expect, it, vi } from 'vitest';
import { z } from 'zod';
import {
  BackgroundTask,
  BackgroundTasks,
  BackgroundWorkerModule,
  DoNotRestart,
  InjectTaskPool,
  type BackgroundWorkerModuleOptions,
  type Parsed,
  type TaskContext,
  type WorkerEvent,
} from '../../lib/index.js';
import { boot, bootWith, until, type Booted } from './support/app.js';

const zodSignUp = z.object({ at: z.string().transform((text) => new Date(text)), plan: z.string().default('free') });
const valibotSignUp = v.object({
  at: v.pipe(
    v.string(),
    v.isoTimestamp(),
    v.transform((text) => new Date(text)),
  ),
  plan: v.optional(v.string(), 'free'),
});

const got: unknown[] = [];

@Injectable()
class SignUps {
  @BackgroundTask({ name: 'zod', payload: zodSignUp })
  zod(payload: Parsed<typeof zodSignUp>): number {
    got.push(payload);
    return payload.at.getTime();
  }

  @BackgroundTask({ name: 'valibot', payload: valibotSignUp })
  valibot(payload: Parsed<typeof valibotSignUp>): number {
    got.push(payload);
    return payload.at.getTime();
  }
}

const tasksOf = ({ app }: Booted): BackgroundTasks => app.get(BackgroundTasks);

describe.each(['zod', 'valibot'] as const)('a schema of %s', (method) => {
  it('is given what was sent, and the handler what the schema makes of it', async () => {
    got.length = 0;
    const tasks = tasksOf(await bootWith([SignUps]));
    const { id } = await tasks.dispatch(SignUps, method, { at: '2030-01-02T00:00:00Z' });
    await tasks.drain();
    expect(await tasks.status(id)).toMatchObject({ state: 'done' });
    expect(got).toEqual([{ at: new Date('2030-01-02T00:00:00Z'), plan: 'free' }]);
  });

  it('refuses at the caller, with the path', async () => {
    const tasks = tasksOf(await bootWith([SignUps]));
    await expect(tasks.dispatch(SignUps, method, { at: 5 as never })).rejects.toMatchObject({
      code: 'BGW_PAYLOAD_REFUSED',
      message: expect.stringContaining('payload.at: ') as string,
    });
  });

  it('is not asked by run(), which takes what the handler takes', async () => {
    const tasks = tasksOf(await bootWith([SignUps]));
    const at = new Date(0);
    expect(await tasks.run(SignUps, method, { at, plan: 'paid' }).result).toBe(0);
  });
});

let release: () => void;
let gate: Promise<void>;
let running = 0;
let most = 0;

@Injectable()
class Reports {
  @BackgroundTask({ name: 'report', concurrency: 2 })
  async make(): Promise<void> {
    most = Math.max(most, ++running);
    await gate;
    running -= 1;
  }

  @BackgroundTask()
  unnamed(): void {}

  @BackgroundTask({ name: 'flaky', retries: 1, backoff: { initial: 1 } })
  flaky({ secret, until: attempts }: { secret: string; until: number }, { attempt }: TaskContext): string {
    if (attempt < attempts) throw new Error('no luck');
    return secret;
  }

  @BackgroundTask({ name: 'hopeless', retries: 5 })
  hopeless(): void {
    throw new DoNotRestart(new Error('never'));
  }
}

describe('handlers', () => {
  it('with a concurrency of their own run beside the pool, never more than that many', async () => {
    [running, most, gate] = [0, 0, new Promise((resolve) => (release = resolve))];
    const tasks = tasksOf(await bootWith([Reports], { pool: { concurrency: 1, queue: 1 } }));
    const ids = await Promise.all([1, 2].map(async () => (await tasks.dispatch(Reports, 'make')).id));
    const third = tasks.run(Reports, 'make');
    await until('two run', () => running === 2);
    expect(await tasks.submit(() => 'beside').result).toBe('beside');
    release();
    await third.result;
    expect([running, most]).toEqual([0, 2]);
    for (const id of ids) expect(await tasks.status(id)).toMatchObject({ name: 'report', state: 'done' });
  });

  it('without a wire name are warned of in production', async () => {
    vi.stubEnv('NODE_ENV', 'production');
    const { lines } = await bootWith([Reports]);
    vi.unstubAllEnvs();
    expect(lines.of('warn')).toEqual([expect.stringMatching(/without a `name` of their own: Reports\.unnamed;/)]);
    expect((await bootWith([Reports])).lines.of('warn')).toEqual([]);
  });

  it('out of retries are an event, a line with the id and never the payload, and can be tried again', async () => {
    const booted = await bootWith([Reports]);
    const tasks = tasksOf(booted);
    const events: WorkerEvent[] = [];
    booted.workers.events$.subscribe((event) => events.push(event));
    const { id } = await tasks.dispatch(Reports, 'flaky', { secret: 'xyzzy', until: 3 });
    await tasks.drain();
    const failed = { id, name: 'flaky', state: 'failed', attempt: 2, error: 'no luck' };
    expect(await tasks.failed()).toEqual([failed]);
    expect(events.filter((event) => event.task === id).map(({ type }) => type)).toEqual(
      expect.arrayContaining(['taskQueued', 'taskRetrying', 'taskFailed']),
    );
    expect(booted.lines.one(/failed for good/)).toBe(`task flaky (${id}) failed for good after 2 attempts: no luck`);
    expect(JSON.stringify([booted.lines.entries, events])).not.toContain('xyzzy');
    const { id: again } = await tasks.dispatch(Reports, 'flaky', { secret: 'xyzzy', until: 2 });
    await tasks.retry(id);
    await tasks.drain();
    expect(await tasks.status(again)).toMatchObject({ state: 'done', attempt: 2 });
    expect(await tasks.status(id)).toMatchObject({ state: 'failed', attempt: 2 });
  });

  it('that throw DoNotRestart are not tried again', async () => {
    const tasks = tasksOf(await bootWith([Reports]));
    const { id } = await tasks.dispatch(Reports, 'hopeless');
    await tasks.drain();
    expect(await tasks.status(id)).toMatchObject({ state: 'failed', attempt: 1, error: 'never' });
  });

  it('may be methods of a controller', async () => {
    @Controller('mails')
    class MailController {
      constructor(readonly tasks: BackgroundTasks) {}

      @Post()
      async post(@Body() body: { to: string }): Promise<{ id: string }> {
        return await this.tasks.dispatch(MailController, 'send', { to: body.to });
      }

      @BackgroundTask({ name: 'mail.send' })
      send({ to }: { to: string }): void {
        got.push(to);
      }
    }
    Reflect.defineMetadata('design:paramtypes', [BackgroundTasks], MailController);
    got.length = 0;
    const { app, url } = await bootWith([], {}, { controllers: [MailController] }, 'express');
    const answer = await fetch(`${url}/mails`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: '{"to":"ada"}',
    });
    expect(answer.status).toBe(201);
    await app.get(BackgroundTasks).drain();
    expect(got).toEqual(['ada']);
  });

  it('in a module that is loaded lazily take no tasks, and that is said', async () => {
    @Module({ providers: [Reports] })
    class LazyModule {}
    const booted = await bootWith([]);
    await booted.app.get(LazyModuleLoader).load(() => LazyModule);
    expect(booted.lines.one(/Reports is in LazyModule/)).toMatch(/loaded lazily: its task handlers are unknown/);
    await expect(tasksOf(booted).dispatch(Reports, 'make')).rejects.toMatchObject({ code: 'BGW_UNKNOWN_HANDLER' });
  });
});

@Injectable()
class UsesPool {
  constructor(@InjectTaskPool('reports') readonly pool: BackgroundTasks) {}
}

describe('pools of forRootAsync', () => {
  const moduleWith = (poolNames: readonly string[], pools: BackgroundWorkerModuleOptions['pools']): DynamicModule => {
    class RootModule {}
    const imports = [BackgroundWorkerModule.forRootAsync({ poolNames, useFactory: () => ({ enabled: true, pools }) })];
    return { module: RootModule, imports, providers: [UsesPool] };
  };

  it('are injected by the names in poolNames', async () => {
    const { app } = await boot(moduleWith(['reports'], { reports: { concurrency: 1, queue: 0 } }));
    const { pool } = app.get(UsesPool);
    pool.submit((ctx) => ctx.sleep(1));
    expect(() => pool.submit(() => 1)).toThrow(expect.objectContaining({ code: 'BGW_QUEUE_FULL' }));
  });

  it('that are named but not configured are refused when used', async () => {
    const { app } = await boot(moduleWith(['reports'], {}));
    expect(() => app.get(UsesPool).pool.submit(() => 1)).toThrow(expect.objectContaining({ code: 'BGW_UNKNOWN_POOL' }));
  });
});

describe('the end of an app', () => {
  /** Answers requests between `onModuleDestroy` and the closing of the HTTP server. */
  @Injectable()
  class Slow implements OnModuleDestroy {
    url = '';
    answer: Promise<Response> | undefined;

    async onModuleDestroy(): Promise<void> {
      this.answer = fetch(this.url, { method: 'POST', headers: { connection: 'close' } });
      await this.answer;
    }
  }
  const ran: string[] = [];

  @Controller()
  class LateController {
    constructor(readonly tasks: BackgroundTasks) {}

    @Post()
    post(): string {
      this.tasks.submit(async (ctx) => {
        await ctx.sleep(50);
        ran.push('late');
      });
      return 'accepted';
    }
  }
  Reflect.defineMetadata('design:paramtypes', [BackgroundTasks], LateController);

  it('drains what a late request has submitted', async () => {
    ran.length = 0;
    const { app, url } = await bootWith([Slow], {}, { controllers: [LateController] }, 'express');
    const slow = app.get(Slow);
    slow.url = url;
    await app.close();
    expect((await slow.answer)?.status).toBe(201);
    expect(ran).toEqual(['late']);
    expect(() => app.get(BackgroundTasks).submit(() => 1)).toThrow(
      expect.objectContaining({ code: 'BGW_SHUTTING_DOWN' }),
    );
  });

  it('waits no longer after a second signal', async () => {
    const heard = vi.fn();
    process.on('SIGTERM', heard);
    const { app, lines } = await bootWith([]);
    const tasks = app.get(BackgroundTasks);
    const stuck = tasks.submit(() => new Promise(() => undefined), { name: 'stuck' });
    await until('it runs', () => stuck.state === 'running');
    const closed = app.close();
    const again = setInterval(() => process.emit('SIGTERM'), 100);
    await closed;
    clearInterval(again);
    process.off('SIGTERM', heard);
    expect(lines.one(/abandoned/)).toMatch(/abandoned, still running: 1 task: stuck \(/);
  });
});
