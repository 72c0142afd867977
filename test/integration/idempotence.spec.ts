import { Injectable, type DynamicModule, type OnApplicationBootstrap, type OnModuleInit } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { describe, expect, it } from 'vitest';
import { BackgroundWorker, BackgroundWorkers, type TickContext, type WorkerContext } from '../../lib/index.js';
import { boot, bootWith, closing, createHttp, Latch, Lines, rejection, rootWith, until } from './support/app.js';

class Counts {
  runs = 0;
  ends = 0;
}

/** A worker that counts its runs, and a provider that holds up one of the app's hooks. */
function counted(hold: 'nothing' | 'init' | 'bootstrap' = 'nothing') {
  const counts = new Counts();
  const held = new Latch();
  const release = new Latch();
  if (hold === 'nothing') release.open();

  @BackgroundWorker()
  class CountedWorker {
    async run(ctx: WorkerContext): Promise<void> {
      counts.runs += 1;
      try {
        await ctx.sleep(60_000);
      } finally {
        counts.ends += 1;
      }
    }
  }
  @Injectable()
  class Slow implements OnModuleInit, OnApplicationBootstrap {
    async onModuleInit(): Promise<void> {
      if (hold !== 'init') return;
      held.open();
      await release.opened;
    }
    async onApplicationBootstrap(): Promise<void> {
      if (hold !== 'bootstrap') return;
      held.open();
      await release.opened;
    }
  }
  const module: DynamicModule = rootWith([CountedWorker, Slow]);
  return { module, counts, held, release };
}

const context = async (module: DynamicModule, logger = new Lines()) =>
  closing(
    await Test.createTestingModule({ imports: [module] })
      .setLogger(logger)
      .compile(),
  );

describe('twice', () => {
  it.each(['http', 'context'] as const)('two init() at once start each worker once (%s)', async (kind) => {
    const { module, counts } = counted();
    const app = kind === 'http' ? await createHttp(module) : await context(module);
    await Promise.all([app.init(), app.init()]);
    await until('it runs', () => counts.runs > 0);
    await app.init();
    expect(counts.runs).toBe(1);
  });

  it.each(['http', 'context'] as const)('two close() at once stop each worker once (%s)', async (kind) => {
    const { module, counts } = counted();
    const { app, lines } = await boot(module, kind === 'http' ? 'express' : 'context');
    await until('it runs', () => counts.runs === 1);
    const closings = await Promise.allSettled([app.close(), app.close()]);
    expect(closings[0].status).toBe('fulfilled');
    await app.close().catch(() => undefined);
    expect(counts).toEqual({ runs: 1, ends: 1 });
    expect(lines.one(/^all workers stopped/)).toMatch(/^all workers stopped in \d+\.\d s: counted$/);
  });
});

describe('close() during init()', () => {
  it.each(['init', 'bootstrap'] as const)('an HTTP app held in %s: the later start does nothing', async (hold) => {
    const { module, counts, held, release } = counted(hold);
    const lines = new Lines();
    const app = await createHttp(module, lines);
    const workers = app.get(BackgroundWorkers);
    const early = rejection(workers.list()[0]!.start());
    const inited = app.init();
    await held.opened;
    await app.close();
    release.open();
    await inited.catch(() => undefined);

    expect(counts.runs).toBe(0);
    expect(workers.get('counted').isAlive).toBe(false);
    expect((await early).code).toBe('BGW_SHUTTING_DOWN');
    expect((await rejection(workers.get('counted').start())).code).toBe('BGW_SHUTTING_DOWN');
    expect(lines.of('error', 'warn')).toEqual([]);
  });

  it('an application context waits for init(), then drains what has started', async () => {
    const { module, counts, held, release } = counted('bootstrap');
    const app = await context(module);
    const inited = app.init();
    await held.opened;
    let closed = false;
    const closings = app.close().then(() => (closed = true));
    expect(counts.runs).toBe(0);
    expect(closed).toBe(false);
    release.open();
    await Promise.all([inited, closings]);
    expect(counts).toEqual({ runs: 1, ends: 1 });
  });

  it('close() of an app that was never initialised', async () => {
    const { module, counts } = counted();
    const http = await createHttp(module);
    await http.close().catch(() => undefined);
    await (await context(module)).close();
    expect(counts.runs).toBe(0);
  });
});

describe('asked for before bootstrap', () => {
  it('start, add and trigger are kept, and hold up nothing', async () => {
    const journal: string[] = [];
    const settled: string[] = [];

    @BackgroundWorker({ autoStart: false })
    class LazyWorker {
      async run(ctx: WorkerContext): Promise<void> {
        journal.push('lazy runs');
        await ctx.sleep(60_000);
      }
    }
    @BackgroundWorker({ every: { rate: 60_000, initialDelay: 50_000 } })
    class TickWorker {
      run(_ctx: TickContext): void {
        journal.push('tick runs');
      }
    }
    @Injectable()
    class Eager implements OnModuleInit, OnApplicationBootstrap {
      constructor(private readonly workers: BackgroundWorkers) {}
      onModuleInit(): void {
        void this.workers
          .get(LazyWorker)
          .start()
          .then(() => settled.push('start'));
        void this.workers
          .get('tick')
          .trigger()
          .then(() => settled.push('trigger'));
        const added = this.workers.add({
          name: 'added',
          run: async (ctx: WorkerContext) => {
            journal.push('added runs');
            await ctx.sleep(60_000);
          },
        });
        expect(added.state.status).toBe('idle');
        void added.start().then(() => settled.push('start added'));
      }
      onApplicationBootstrap(): void {
        journal.push('bootstrap');
      }
    }
    const { workers } = await bootWith([LazyWorker, TickWorker, Eager]);
    await until('all three', () => settled.length === 3);
    expect(settled.toSorted()).toEqual(['start', 'start added', 'trigger']);
    expect(journal[0]).toBe('bootstrap');
    expect(journal.slice(1).toSorted()).toEqual(['added runs', 'lazy runs', 'tick runs']);
    expect(
      workers
        .list()
        .map(({ name }) => name)
        .toSorted(),
    ).toEqual(['added', 'lazy', 'tick']);
  });

  it('awaited in a hook they deadlock nobody: the hook may wait only for what does not wait for it', async () => {
    const { module, counts } = counted();
    const app = await context(module);
    const started = app.get(BackgroundWorkers, { strict: false }).get('counted').start();
    await app.init();
    await started;
    await until('it runs', () => counts.runs === 1);
  });
});

describe('asked for after the stop began', () => {
  it('is BGW_SHUTTING_DOWN, and join still answers', async () => {
    const { module, counts } = counted();
    const { app, workers, handle } = await boot(module);
    await until('it runs', () => counts.runs === 1);
    await app.close();
    const codes = await Promise.all(
      [handle().start(), handle().restart(), handle().trigger()].map(async (asked) => (await rejection(asked)).code),
    );
    expect(codes).toEqual(['BGW_SHUTTING_DOWN', 'BGW_SHUTTING_DOWN', 'BGW_SHUTTING_DOWN']);
    expect(() => workers.add({ name: 'late', run: () => Promise.resolve() })).toThrow(
      expect.objectContaining({ code: 'BGW_SHUTTING_DOWN' }),
    );
    expect(await handle().join({ timeout: 1_000 })).toBe(true);
    expect(handle().state).toMatchObject({ status: 'stopped', reason: 'shutdown', abandoned: false });
    expect(counts).toEqual({ runs: 1, ends: 1 });
  });
});

const listeners = (): number => process.listenerCount('SIGTERM') + process.listenerCount('SIGINT');

describe('never', () => {
  it('starts a worker of an app whose boot fails in another provider’s bootstrap hook', async () => {
    let runs = 0;
    @BackgroundWorker()
    class EagerWorker {
      async run(ctx: WorkerContext): Promise<void> {
        runs += 1;
        await ctx.sleep(60_000);
      }
    }
    @Injectable()
    class Broken implements OnApplicationBootstrap {
      onApplicationBootstrap(): void {
        throw new Error('no schema');
      }
    }
    expect((await rejection(bootWith([EagerWorker, Broken]))).message).toBe('no schema');
    expect(runs).toBe(0);
  });

  it('listens for signals in handle.stop(); in close() it does, until the drain is over', async () => {
    const before = listeners();
    const whileDraining: number[] = [];
    @BackgroundWorker()
    class DrainingWorker {
      async run(ctx: WorkerContext): Promise<void> {
        await ctx.sleep(60_000).finally(() => whileDraining.push(listeners() - before));
      }
    }
    const { app, handle } = await bootWith([DrainingWorker]);
    await handle().stop();
    await handle().start();
    await app.close();
    expect(whileDraining).toEqual([0, 2]);
    expect(listeners()).toBe(before);
  });
});
