import { AsyncLocalStorage } from 'node:async_hooks';
import { beforeEach, describe, expect, it } from 'vitest';
import {
  BackgroundWorker,
  DoNotRestart,
  Escalate,
  type FailurePlace,
  type UnitInterceptor,
  type WorkerContext,
} from '../../lib/index.js';
import { bootWith, Latch, rejection, until } from './support/app.js';

const store = new AsyncLocalStorage<string>();
const inStore: UnitInterceptor = { around: (unit, next) => store.run(`unit of ${unit.name}`, next) };

interface Told extends FailurePlace {
  readonly message: string;
  readonly context: string | undefined;
}
const told: Told[] = [];
const onError = (error: unknown, at: FailurePlace): void =>
  void told.push({ ...at, message: (error as Error).message, context: store.getStore() });

beforeEach(() => void told.splice(0));

describe('onError', () => {
  it('is told of a failed tick inside the unit’s context, with the time of the next try', async () => {
    @BackgroundWorker({ every: { rate: 60_000, initialDelay: 50_000 } })
    class TickWorker {
      async run(): Promise<void> {
        await store.run('deeper', () => Promise.reject(new Error('no')));
      }
    }
    const { handle } = await bootWith([TickWorker], { units: [inStore], onError });
    await rejection(handle().trigger());
    expect(told).toEqual([
      {
        kind: 'worker',
        name: 'tick',
        incarnation: 1,
        message: 'no',
        final: false,
        willRetryIn: expect.any(Number) as number,
        context: 'unit of tick',
      },
    ]);
    expect(told[0]!.willRetryIn).toBeGreaterThan(40_000);
    expect(told[0]!.willRetryIn).toBeLessThanOrEqual(60_000);
  });

  it('is told of a loop’s failures with incarnation and backoff, and which one is final', async () => {
    @BackgroundWorker({ maxFailures: 3, backoff: { initial: 4, jitter: 0 } })
    class LoopWorker {
      run(ctx: WorkerContext): Promise<void> {
        return Promise.reject(new Error(`no ${ctx.incarnation}`));
      }
    }
    const { handle } = await bootWith([LoopWorker], { onError });
    await until('it is failed', () => handle().state.status === 'failed');
    expect(
      told.map(({ message, incarnation, willRetryIn, final }) => [message, incarnation, willRetryIn, final]),
    ).toEqual([
      ['no 1', 1, 4, false],
      ['no 2', 2, 8, false],
      ['no 3', 3, undefined, true],
    ]);
  });

  it('is told of DoNotRestart as final, and not of a clean end', async () => {
    @BackgroundWorker()
    class GivesUpWorker {
      run(_ctx: WorkerContext): Promise<void> {
        return Promise.reject(new DoNotRestart(new Error('no licence')));
      }
    }
    @BackgroundWorker()
    class SleepingWorker {
      run(ctx: WorkerContext): Promise<void> {
        return ctx.sleep(60_000);
      }
    }
    const { app, workers } = await bootWith([GivesUpWorker, SleepingWorker], { onError });
    await until('it is stopped', () => workers.get('gives-up').state.status === 'stopped');
    expect(workers.get('gives-up').state).toMatchObject({ reason: 'do-not-restart' });
    await app.close();
    expect(told).toMatchObject([{ name: 'gives-up', message: 'no licence', final: true }]);
    expect(told[0]).not.toHaveProperty('willRetryIn', expect.any(Number));
  });

  it('that throws is logged, and the worker is retried all the same', async () => {
    let runs = 0;
    @BackgroundWorker({ backoff: { initial: 1 } })
    class LoopWorker {
      async run(ctx: WorkerContext): Promise<void> {
        runs += 1;
        if (runs < 3) throw new Error('no');
        await ctx.sleep(60_000);
      }
    }
    const { handle, lines } = await bootWith([LoopWorker], {
      onError: () => {
        throw new Error('Sentry is down');
      },
    });
    await until('it runs at last', () => runs === 3 && handle().state.status === 'running');
    expect(lines.of('error').filter((text) => text.includes('onError threw'))).toHaveLength(2);
  });
});

describe('under a test runner', () => {
  it('a critical worker’s end is an event and a log line, and the process goes on', async () => {
    @BackgroundWorker({ critical: true, maxFailures: 1 })
    class CriticalWorker {
      run(_ctx: WorkerContext): Promise<void> {
        return Promise.reject(new Error('no disk'));
      }
    }
    const listeners = process.listenerCount('exit');
    const { handle, lines } = await bootWith([CriticalWorker]);
    await until('it is failed', () => handle().state.status === 'failed');
    expect(lines.of('error').join('\n')).toContain('no disk');
    // Nothing of the way out was prepared.
    expect(process.listenerCount('exit')).toBe(listeners);
  });

  it('onFatal is called with worker and error, for critical workers and for Escalate', async () => {
    const fatal: unknown[] = [];
    const called = new Latch();
    @BackgroundWorker()
    class EscalatingWorker {
      run(_ctx: WorkerContext): Promise<void> {
        return Promise.reject(new Escalate(new Error('disk full')));
      }
    }
    const { handle } = await bootWith([EscalatingWorker], {
      onFatal: (reason) => {
        fatal.push(reason.worker, (reason.error as Error).message);
        called.open();
      },
    });
    await called.opened;
    expect(fatal).toEqual(['escalating', 'disk full']);
    expect(handle().state).toMatchObject({ status: 'failed' });
  });
});
