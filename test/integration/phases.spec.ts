import { describe, expect, it } from 'vitest';
import { BackgroundWorker, type LoopOptions, type WorkerContext } from '../../lib/index.js';
import { bootWith, Latch, until } from './support/app.js';

const journal: string[] = [];

interface Conduct {
  readonly onRun?: (ctx: WorkerContext) => unknown;
  /** Before it lets go. */
  readonly drain?: () => Promise<unknown>;
}

function worker(name: string, options: LoopOptions, { onRun, drain }: Conduct = {}) {
  @BackgroundWorker({ name, stopTimeout: 5_000, ...options })
  class Phased {
    async run(ctx: WorkerContext): Promise<void> {
      journal.push(`${name} runs`);
      try {
        await onRun?.(ctx);
        await ctx.sleep(60_000);
      } finally {
        await drain?.();
        journal.push(`${name} ends`);
      }
    }
  }
  return Phased;
}

const forgotten = (): void => void journal.splice(0);

describe('phases', () => {
  it('start ascending and stop descending, each after the one before has drained', async () => {
    forgotten();
    const drained = new Latch();
    const { app, workers } = await bootWith([
      worker('last', { phase: 10 }, { drain: () => drained.opened }),
      worker('first', { phase: -1 }),
      worker('middle', {}),
      worker('also-middle', {}),
    ]);
    await until('all run', () => journal.length === 4);
    expect(journal).toEqual(['first runs', 'middle runs', 'also-middle runs', 'last runs']);

    const closed = app.close();
    await until('the last is asked first', () => workers.get('last').state.status === 'stopping');
    expect(['first', 'middle', 'also-middle'].map((name) => workers.get(name).state.status)).toEqual(
      Array(3).fill('running'),
    );
    drained.open();
    await closed;
    expect(journal[4]).toBe('last ends');
    expect(journal.slice(5, 7).toSorted()).toEqual(['also-middle ends', 'middle ends']);
    expect(journal.slice(7)).toEqual(['first ends']);
  });

  it('the next waits behind bootstrap for ctx.ready()', async () => {
    forgotten();
    const warm = new Latch();
    const warming = async (ctx: WorkerContext): Promise<void> => {
      await warm.opened;
      journal.push('warm');
      ctx.ready();
    };
    const { workers } = await bootWith([
      worker('cache', { readyTimeout: 10_000 }, { onRun: warming }),
      worker('consumer', { phase: 1 }),
    ]);
    expect(workers.get('cache').state).toMatchObject({ status: 'running', ready: false });
    expect(workers.get('consumer').state.status).toBe('idle');
    warm.open();
    await until('the consumer runs', () => journal.includes('consumer runs'));
    expect(journal).toEqual(['cache runs', 'warm', 'consumer runs']);
    expect(workers.get('cache').state).toMatchObject({ status: 'running', ready: true });
  });

  it('not ready in time is a failure, and the next phase starts all the same', async () => {
    forgotten();
    const { workers, lines } = await bootWith([
      worker('cache', { readyTimeout: 60, backoff: { initial: 60_000 } }),
      worker('consumer', { phase: 1 }),
    ]);
    expect(workers.get('consumer').state.status).toBe('idle');
    await until('the consumer runs', () => journal.includes('consumer runs'));
    await until('the cache backs off', () => workers.get('cache').state.status === 'waiting');
    expect(workers.get('cache').state).toMatchObject({ on: 'backoff', failures: 1, error: { code: 'BGW_NOT_READY' } });
    expect(lines.one(/^cache failed/)).toContain('readyTimeout (60 ms)');
  });

  it('a worker that is terminal, not to start, or without readyTimeout holds nobody up', async () => {
    forgotten();
    const { workers } = await bootWith([
      worker('done', { restart: 'never', readyTimeout: 60_000 }, { onRun: () => Promise.reject(new Error('no')) }),
      worker('manual', { autoStart: false, readyTimeout: 60_000 }),
      worker('slow', {}, { onRun: (ctx) => ctx.sleep(60_000) }),
      worker('next', { phase: 1 }),
    ]);
    await until('the next runs', () => journal.includes('next runs'));
    expect(workers.get('done').state.status).toBe('failed');
    expect(workers.get('manual').state.status).toBe('idle');
  });

  it('close() while a phase is waited for: later ones never start', async () => {
    forgotten();
    const { app, workers } = await bootWith([
      worker('cache', { readyTimeout: 60_000 }),
      worker('consumer', { phase: 1, readyTimeout: 60_000 }),
    ]);
    await app.close();
    expect(journal).toEqual(['cache runs', 'cache ends']);
    expect(workers.get('consumer').isAlive).toBe(false);
  });

  it('one deadline for all phases: shutdownTimeout is not spent anew by each', async () => {
    forgotten();
    const never = new Latch();
    const stuck = (name: string, phase: number) =>
      worker(name, { phase, stopTimeout: 60_000 }, { drain: () => never.opened });
    const { app, lines } = await bootWith([stuck('a', 0), stuck('b', 1), stuck('c', 2)], { shutdownTimeout: 1_000 });
    await until('all run', () => journal.length === 3);
    const begun = performance.now();
    await app.close();
    const took = performance.now() - begun;
    never.open();
    expect(took).toBeGreaterThan(700);
    expect(took).toBeLessThan(1_900);
    expect(lines.one(/^stopped after/)).toMatch(/abandoned, still running: a, b, c$/);
  });

  it('a stuck phase leaves the ones below it time to drain', async () => {
    forgotten();
    const never = new Latch();
    const { app, lines } = await bootWith(
      [
        worker('writer', { phase: 0 }, { drain: () => new Promise((resolve) => setTimeout(resolve, 50)) }),
        worker('stuck', { phase: 1, stopTimeout: 60_000 }, { drain: () => never.opened }),
      ],
      { shutdownTimeout: 2_000 },
    );
    await until('both run', () => journal.length === 2);
    await app.close();
    never.open();
    expect(journal[2]).toBe('writer ends');
    expect(lines.one(/^stopped after/)).toMatch(/abandoned, still running: stuck$/);
  });

  it('trigger() of a worker whose phase has not begun is kept until it has', async () => {
    forgotten();
    const warm = new Latch();
    @BackgroundWorker({ phase: 1, every: { rate: 60_000, initialDelay: 50_000 } })
    class LaterWorker {
      run(): void {
        journal.push('later runs');
      }
    }
    const warming = async (ctx: WorkerContext): Promise<void> => (await warm.opened, ctx.ready());
    const { workers } = await bootWith([worker('cache', { readyTimeout: 60_000 }, { onRun: warming }), LaterWorker]);
    const triggered = workers.get('later').trigger();
    expect(workers.get('later').state.status).toBe('idle');
    warm.open();
    await triggered;
    expect(journal).toContain('later runs');
  });

  it('trigger() of a worker whose phase never begins rejects at shutdown', async () => {
    forgotten();
    const { app, workers } = await bootWith([
      worker('cache', { readyTimeout: 60_000 }),
      worker('consumer', { phase: 1 }),
    ]);
    const triggered = workers.get('consumer').trigger();
    await app.close();
    await expect(triggered).rejects.toMatchObject({ code: 'BGW_SHUTTING_DOWN' });
  });
});
