import { once } from 'node:events';
import { setImmediate } from 'node:timers/promises';
import { Injectable, Logger, type LoggerService } from '@nestjs/common';
import { afterAll, beforeAll, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import {
  BackgroundTask,
  BackgroundTasks,
  type BackgroundWorkers,
  type UnitContext,
  type UnitInterceptor,
  type WorkerEvent,
} from '../../lib/index.js';
import { failures, type Work } from '../support/failures.js';
import { bootWith, until } from './support/app.js';

let work: Work;
let atExit: () => void;

@Injectable()
class Handlers {
  @BackgroundTask({ name: 'fails', retries: 0 })
  fails(_: undefined, ctx: UnitContext): unknown {
    return work(ctx);
  }

  @BackgroundTask({ name: 'late', retries: 0, timeout: 5 })
  late(_: undefined, ctx: UnitContext): unknown {
    return work(ctx);
  }
}

const leaving: UnitInterceptor = {
  around: async (_, next) => {
    try {
      return await next();
    } finally {
      atExit();
    }
  },
};

interface Rig {
  readonly tasks: BackgroundTasks;
  readonly workers: BackgroundWorkers;
  /** Calls of `onError`, each of which throws. */
  readonly errors: unknown[];
  /** Events, at each of which a subscriber throws. */
  readonly events: WorkerEvent[];
}

async function rig(): Promise<Rig> {
  const errors: unknown[] = [];
  const events: WorkerEvent[] = [];
  const { app, workers } = await bootWith([Handlers], {
    pool: { concurrency: 1 },
    units: [leaving],
    onError: (error) => {
      errors.push(error);
      throw new Error('in onError');
    },
  });
  workers.events$.subscribe((event) => {
    events.push(event);
    throw new Error('in a subscriber');
  });
  return { tasks: app.get(BackgroundTasks), workers, errors, events };
}

const failed = async (promise: Promise<unknown>): Promise<void> =>
  await promise.then(
    (value) => {
      throw new Error(`it did not fail: ${String(value)}`);
    },
    () => undefined,
  );

const HOUR = 3_600_000;
const name = 'failing';

/** Runs the work that way; resolves once it has failed, and rejects where it has not. */
const ways: Record<string, (rig: Rig, timeout?: number) => Promise<void>> = {
  submit: async ({ tasks }, timeout) => await failed(tasks.submit((ctx) => work(ctx), { timeout }).result),
  run: async ({ tasks }, timeout) => await failed(tasks.run(Handlers, 'fails', undefined, { timeout }).result),
  dispatch: async ({ tasks }, timeout) => {
    const { id } = await tasks.dispatch(Handlers, timeout ? 'late' : 'fails');
    await tasks.drain();
    expect(await tasks.status(id)).toMatchObject({ state: 'failed' });
  },
  'a tick': async ({ workers }, timeout) => {
    const every = { rate: HOUR, initialDelay: HOUR };
    const handle = workers.add({ name, every, timeout, run: (ctx) => work(ctx) });
    await until('it waits', () => handle.state.status === 'waiting');
    await failed(handle.trigger());
    expect(handle.state).toMatchObject({ failures: 1 });
  },
  'a unit of a loop': async ({ workers }, timeout) => {
    let outcome: Promise<unknown> | undefined;
    const handle = workers.add({
      name,
      run: async (ctx) => {
        outcome = ctx.unitOfWork((unit) => work(unit), { timeout });
        await outcome.catch(() => undefined);
        await ctx.sleep(HOUR);
      },
    });
    await until('the unit has begun', () => outcome !== undefined);
    await failed(outcome!);
    expect(handle.state).toMatchObject({ status: 'running', failures: 0 });
  },
  'a loop': async ({ workers }, timeout) => {
    const handle = workers.add({
      name,
      backoff: { initial: HOUR, max: HOUR },
      run: async (ctx) => void (await ctx.unitOfWork((unit) => work(unit), { timeout })),
    });
    await until('it has failed', () => handle.state.failures === 1);
  },
};

const unhandled: unknown[] = [];
const note = (error: unknown): void => void unhandled.push(error);
beforeAll(() => void process.on('uncaughtException', note).on('unhandledRejection', note));
afterAll(() => void process.off('uncaughtException', note).off('unhandledRejection', note));
beforeEach(() => {
  atExit = () => undefined;
  unhandled.length = 0;
});

/** The pool has one slot: it is free. Nobody has heard of an error that nobody handled. */
async function nothingIsLeft({ tasks, workers }: Rig, way: string): Promise<void> {
  const worked = work;
  const left = atExit;
  work = () => 'next';
  atExit = () => undefined;
  if (workers.list().length > 0) expect(await workers.remove(name), way).toMatchObject({ abandoned: [] });
  expect(await tasks.submit(work).result, way).toBe('next');
  await setImmediate();
  expect(unhandled, way).toEqual([]);
  [work, atExit] = [worked, left];
}

async function eachWay(timeout?: number): Promise<void> {
  const world = await rig();
  for (const [way, fails] of Object.entries(ways)) {
    world.errors.length = world.events.length = 0;
    await fails(world, timeout);
    expect(world.events.length, way).toBeGreaterThan(0);
    if (way !== 'a unit of a loop') expect(world.errors, way).toHaveLength(1);
    await nothingIsLeft(world, way);
  }
}

describe('each way to run, under an onError and a subscriber of events$ that throw, survives', () => {
  it.each(Object.entries(failures))('%s', async (_, fails) => {
    work = fails;
    await eachWay();
  });

  it('a throw in the way out of an interceptor', async () => {
    work = () => 'done';
    atExit = () => {
      throw new Error('in the way out');
    };
    await eachWay();
  });

  it.each<[string, Work]>([
    [
      'a rejection after the time-out',
      async ({ signal }) => {
        await once(signal, 'abort');
        await setImmediate();
        throw new Error('late');
      },
    ],
    [
      'a result after the time-out',
      async ({ signal }) => {
        await once(signal, 'abort');
        await setImmediate();
        return 'late';
      },
    ],
  ])('%s', async (_, late) => {
    work = late;
    await eachWay(5);
  });
});

it('a logger that throws costs nothing but the log: its lines are on stderr', async () => {
  const lines = vi.spyOn(process.stderr, 'write').mockReturnValue(true);
  const boom = (): never => {
    throw new Error('in the logger');
  };
  const broken: LoggerService = { log: boom, error: boom, warn: boom, debug: boom, verbose: boom };
  const world = await rig();
  Logger.overrideLogger(broken);
  onTestFinished(() => void Logger.overrideLogger(false));
  for (const [way, fails] of Object.entries(ways)) {
    work = async () => await Promise.reject(new Error('the work'));
    await fails(world);
    await nothingIsLeft(world, way);
  }
  expect(lines.mock.calls.flat().join('')).toMatch(
    /^\[BackgroundWorker\] task .* failed for good: the work \(the logger threw: in the logger\)$/m,
  );
  lines.mockRestore();
});
