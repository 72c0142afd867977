import { Controller, Get, Inject, Injectable, Scope } from '@nestjs/common';
import { REQUEST } from '@nestjs/core';
import { AsyncLocalStorage } from 'node:async_hooks';
import { describe, expect, it } from 'vitest';
import {
  BackgroundWorker,
  BackgroundWorkers,
  type TickContext,
  type UnitContext,
  type WorkerContext,
} from '../../lib/index.js';
import { bootWith, get, kinds, Latch, rejection, until } from './support/app.js';

describe('the root context', () => {
  const request = new AsyncLocalStorage<string>();

  it.each(kinds.filter((kind) => kind !== 'context'))('nothing of a request leaks in (%s)', async (kind) => {
    const seen: Record<string, string | undefined> = {};
    const see = (what: string): void => void (seen[what] = request.getStore());

    @BackgroundWorker({ every: { rate: 60_000, initialDelay: 50_000 } })
    class TickWorker {
      async run(ctx: TickContext): Promise<void> {
        see('tick');
        await ctx.sleep(1);
        see('tick after sleep');
      }
    }
    @BackgroundWorker()
    class LoopWorker {
      async run(ctx: WorkerContext): Promise<void> {
        await ctx.sleep(60_000);
        see('loop');
        await ctx.unitOfWork(() => see('unit'));
        await ctx.spawn(() => Promise.resolve(see('child')));
      }
    }
    @BackgroundWorker({ autoStart: false })
    class ManualWorker {
      run(_ctx: WorkerContext): Promise<void> {
        see('started');
        return Promise.resolve();
      }
    }
    @Controller()
    class HttpController {
      constructor(@Inject(BackgroundWorkers) private readonly workers: BackgroundWorkers) {}
      @Get()
      async index(): Promise<string> {
        return await request.run('a secret', async () => {
          const { workers } = this;
          await workers.get('tick').trigger();
          await workers.get('loop').trigger();
          await workers.get('manual').start();
          workers.add({ name: 'added loop'.replace(' ', '-'), run: (ctx) => ctx.unitOfWork(() => see('added')) });
          workers.add({ name: 'added-tick', every: 60_000, run: () => see('added tick') });
          await workers.get('added-loop').join();
          see('request');
          return 'ok';
        });
      }
    }
    const { url } = await bootWith([TickWorker, LoopWorker, ManualWorker], {}, { controllers: [HttpController] }, kind);
    expect(await (await get(url)).text()).toBe('ok');
    await until('all were seen', () => Object.keys(seen).length === 9);
    const { request: ofRequest, ...ofWork } = seen;
    expect(ofRequest).toBe('a secret');
    expect(ofWork).toEqual({
      tick: undefined,
      'tick after sleep': undefined,
      loop: undefined,
      unit: undefined,
      child: undefined,
      started: undefined,
      added: undefined,
      'added tick': undefined,
    });
  });
});

it('what a body enters stays its own: enterWith() and run() reach neither the next tick nor a unit', async () => {
  const entered = new AsyncLocalStorage<string>();
  const seen: (string | undefined)[] = [];
  @BackgroundWorker({ every: { rate: 60_000, initialDelay: 50_000 } })
  class TickWorker {
    run(_ctx: TickContext): void {
      seen.push(entered.getStore());
      entered.enterWith('left behind by a tick');
    }
  }
  @BackgroundWorker({ autoStart: false })
  class LoopWorker {
    async run(ctx: WorkerContext): Promise<void> {
      await entered.run('around a unit', () => ctx.unitOfWork(() => seen.push(entered.getStore())));
    }
  }
  const { workers } = await bootWith([TickWorker, LoopWorker]);
  await workers.get('tick').trigger();
  await workers.get('tick').trigger();
  await workers.get('loop').start();
  await workers.get('loop').join();
  expect(seen).toEqual([undefined, undefined, undefined]);
});

describe('the DI scope of a unit', () => {
  let made = 0;
  @Injectable({ scope: Scope.REQUEST })
  class EntityManager {
    readonly number = ++made;
    constructor(@Inject(REQUEST) readonly request: Record<string, unknown>) {}
  }
  @Injectable()
  class Repository {
    constructor(@Inject(EntityManager) readonly manager: EntityManager) {}
  }
  @Injectable()
  class Config {}

  it('is made once a unit, fresh in the next, and not at all where nothing is resolved', async () => {
    made = 0;
    const seen: number[][] = [];
    @BackgroundWorker({ every: { rate: 60_000, initialDelay: 50_000 } })
    class TickWorker {
      async run(ctx: TickContext): Promise<void> {
        const manager = await ctx.resolve(EntityManager);
        const { manager: same } = await ctx.resolve(Repository);
        seen.push([manager.number, same.number, (await ctx.resolve<EntityManager>(EntityManager)).number]);
        expect(ctx.get(Config)).toBeInstanceOf(Config);
      }
    }
    const { workers } = await bootWith([TickWorker, EntityManager, Repository, Config]);
    expect(made).toBe(0);
    await workers.get('tick').trigger();
    await workers.get('tick').trigger();
    expect(seen).toEqual([
      [1, 1, 1],
      [2, 2, 2],
    ]);
  });

  it('is each unit’s own in units side by side', async () => {
    made = 0;
    const numbers: number[] = [];
    const shared: boolean[] = [];
    const number = async (unit: UnitContext): Promise<void> => {
      const manager = await unit.resolve(EntityManager);
      numbers.push(manager.number);
      shared.push((await unit.resolve(Repository)).manager === manager);
    };
    @BackgroundWorker()
    class LoopWorker {
      async run(ctx: WorkerContext): Promise<void> {
        await Promise.all([ctx.unitOfWork(number), ctx.unitOfWork(number), ctx.unitOfWork(number)]);
      }
    }
    const { handle } = await bootWith([LoopWorker, EntityManager, Repository]);
    await handle().join();
    expect(handle().state).toMatchObject({ reason: 'completed' });
    expect(new Set(numbers).size).toBe(3);
    expect(shared).toEqual([true, true, true]);
  });

  it('has a REQUEST that is frozen, and whose reads throw BGW_NO_REQUEST', async () => {
    let request: Record<string, unknown> = {};
    @BackgroundWorker({ every: 60_000 })
    class TickWorker {
      async run(ctx: TickContext): Promise<void> {
        ({ request } = await ctx.resolve(EntityManager));
      }
    }
    const { handle } = await bootWith([TickWorker, EntityManager]);
    await until('the tick', () => handle().state.status === 'waiting');
    for (const key of ['user', 'headers', 'url'])
      expect(() => request[key]).toThrow(expect.objectContaining({ code: 'BGW_NO_REQUEST' }));
    expect(() => (request['user'] = 1)).toThrow(TypeError);
    expect(Object.isFrozen(request)).toBe(true);
  });
});

describe('a unit’s time-out', () => {
  it('rejects at once, aborts the signal, and the next begins only when the last has settled', async () => {
    const release = new Latch();
    const journal: string[] = [];
    @BackgroundWorker({ every: 20, timeout: 50 })
    class TickWorker {
      async run({ signal }: TickContext): Promise<void> {
        journal.push('begins');
        signal.addEventListener('abort', () => journal.push(`aborted: ${(signal.reason as { why: string }).why}`));
        await release.opened;
        journal.push('ends');
      }
    }
    const { handle, lines } = await bootWith([TickWorker]);
    await until('the time-out', () => handle().state.failures === 1);
    expect(journal).toEqual(['begins', 'aborted: timeout']);
    expect(handle().state).toMatchObject({ status: 'waiting', on: 'body', error: { why: 'timeout' } });
    release.open();
    await until('the next', () => journal.length > 3);
    expect(journal.slice(2, 4)).toEqual(['ends', 'begins']);
    expect(lines.of('error')[0]).toContain('timeout');
  });

  it('of ctx.unitOfWork fails the unit, not the loop that catches it', async () => {
    let error: (Error & { code?: string }) | undefined;
    @BackgroundWorker()
    class LoopWorker {
      async run(ctx: WorkerContext): Promise<void> {
        error = await rejection(ctx.unitOfWork((unit) => unit.sleep(60_000), { timeout: 20 }));
        await ctx.unitOfWork(() => undefined, { timeout: 20 });
      }
    }
    const { handle } = await bootWith([LoopWorker]);
    await handle().join();
    expect(error).toMatchObject({ name: 'AbortError', code: 'BGW_ABORTED', why: 'timeout' });
    expect(handle().state).toMatchObject({ status: 'stopped', reason: 'completed', failures: 0 });
  });

  it('that is still running is drained, and reported as abandoned where it never ends', async () => {
    const never = new Latch();
    const runs = new Latch();
    @BackgroundWorker({ every: 60_000, timeout: 10, stopTimeout: 50 })
    class TickWorker {
      async run(): Promise<void> {
        runs.open();
        await never.opened;
      }
    }
    const { app, handle, lines } = await bootWith([TickWorker]);
    await until('the time-out', () => handle().state.failures === 1);
    await app.close();
    never.open();
    expect(lines.one(/^stopped after/)).toMatch(/abandoned, still running: tick$/);
  });
});
