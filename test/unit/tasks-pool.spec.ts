import { AsyncLocalStorage } from 'node:async_hooks';
import { getEventListeners } from 'node:events';
import { describe, expect, it, vi } from 'vitest';
import type { DispatchedTask, DispatchOptions, RunOptions } from '../../lib/contract/task-handlers.js';
import type { StandardSchemaV1 } from '../../lib/contract/standard-schema.js';
import type { TaskContext, TaskHandle } from '../../lib/contract/tasks.js';
import { DEFAULT_BACKOFF } from '../../lib/shared/backoff.js';
import type { HandlerOptions } from '../../lib/definition/task-options.js';
import { deferred, type Deferred } from '../../lib/shared/deferred.js';
import { DoNotRestart, WorkerAborted, type BackgroundWorkerError } from '../../lib/shared/errors.js';
import { asCompleted } from '../../lib/tasks/calls/as-completed.js';
import { failures } from '../support/failures.js';
import { drain } from '../support/fake-clock.js';
import { followContexts, TaskRig, rejectionOf, type TaskRigOptions } from '../support/task-rig.js';

const code = (fn: () => unknown): string => {
  try {
    fn();
  } catch (error) {
    return (error as BackgroundWorkerError).code;
  }
  return 'nothing was thrown';
};
const codeOf = async (promise: Promise<unknown>): Promise<string> =>
  ((await rejectionOf(promise)) as BackgroundWorkerError).code;
const firstOf = (all: AsyncIterable<unknown>): Promise<unknown> => all[Symbol.asyncIterator]().next();

describe('submit', () => {
  it('answers at once and never runs the function in the caller’s stack', async () => {
    const { tasks } = new TaskRig();
    const fn = vi.fn(() => 5);
    const handle = tasks.submit(fn);
    expect(fn).not.toHaveBeenCalled();
    expect(handle.state).toBe('queued');
    expect(await handle.result).toBe(5);
    expect(handle.state).toBe('done');
  });

  it('refuses at once what does not fit, is no function, or has an option that is not allowed', async () => {
    const rig = new TaskRig({ pool: { concurrency: 1, queue: 1 } });
    const stuck = deferred();
    rig.tasks.submit(() => stuck.promise);
    rig.tasks.submit(() => undefined);
    expect(code(() => rig.tasks.submit(() => undefined))).toBe('BGW_QUEUE_FULL');
    expect(code(() => rig.tasks.submit(() => undefined))).toBe('BGW_QUEUE_FULL');
    expect(rig.types().filter((type) => type === 'taskRefused')).toHaveLength(2);
    await rig.clock.advance(1_000);
    expect(rig.lines).toEqual(['2 tasks refused: pool "default" is full']);
    expect(code(() => rig.tasks.submit(5 as never))).toBe('BGW_INVALID_OPTION');
    expect(code(() => rig.tasks.submit(() => 1, { retry: 1 } as never))).toBe('BGW_INVALID_OPTION');
    expect(code(() => rig.tasks.submit(() => 1, { timeout: 0 }))).toBe('BGW_INVALID_OPTION');
    expect(code(() => rig.tasks.submit(() => 1, { backoff: { initial: -1 } }))).toBe('BGW_INVALID_OPTION');
    stuck.resolve();
  });

  it('gives up the oldest that waits where the pool says so', async () => {
    const rig = new TaskRig({ pool: { concurrency: 1, queue: 1, onFull: 'discard-oldest' } });
    const stuck = deferred();
    rig.tasks.submit(() => stuck.promise);
    await drain();
    const oldest = rig.tasks.submit(() => 'oldest');
    const newest = rig.tasks.submit(() => 'newest');
    expect(oldest.state).toBe('discarded');
    expect(await codeOf(oldest.result)).toBe('BGW_TASK_DISCARDED');
    stuck.resolve();
    expect(await newest.result).toBe('newest');
    expect(rig.types()).toContain('taskDiscarded');
  });

  it('sees nothing of the submitter’s context, unless it inherits it', async () => {
    const { tasks } = new TaskRig();
    const store = new AsyncLocalStorage<string>();
    const seen = await store.run('request', () =>
      Promise.all([
        tasks.submit(async () => (await drain(), store.getStore())).result,
        tasks.submit(() => store.getStore(), { context: 'inherit', retries: 1 }).result,
      ]),
    );
    expect(seen).toEqual([undefined, 'request']);
  });

  it('sees nothing of what another task, or an attempt before it, or a listener has entered', async () => {
    const entered = new AsyncLocalStorage<string>();
    const rig = new TaskRig({ pool: { concurrency: 2 }, onError: () => entered.enterWith('onError') });
    for (const type of ['taskStarted', 'taskCompleted', 'taskRetrying'] as const)
      rig.app.environment.hub.on([type], () => entered.enterWith(type));
    const seen: unknown[] = [];
    const enter = (name: string) => (): void => {
      seen.push(entered.getStore());
      entered.enterWith(name);
    };
    const enterThenFail =
      (name: string) =>
      async ({ attempt }: { attempt: number }): Promise<void> => {
        enter(name)();
        if (attempt === 1) throw new Error('again');
        await drain();
      };
    for (const name of ['a', 'b', 'c']) rig.tasks.submit(enter(name));
    rig.tasks.submit(enterThenFail('d'), { retries: 1 });
    entered.run('request', () => {
      rig.tasks.submit(enterThenFail('e'), { retries: 1, context: 'inherit' });
      rig.tasks.submit(enter('f'));
    });
    await rig.clock.advance(2_000);
    const [root, request] = [undefined, 'request'];
    expect(seen).toEqual([root, root, root, root, request, root, root, request]);
    expect(entered.getStore()).toBe(root);
  });

  it('waits for the delay', async () => {
    const { tasks, clock } = new TaskRig();
    const handle = tasks.submit(() => 1, { delay: 100 });
    await clock.advance(99);
    expect(handle.state).toBe('queued');
    await clock.advance(1);
    expect(handle.state).toBe('done');
  });
});

describe('failures', () => {
  it.each([
    ['heard of', false],
    ['unheard of', true],
  ])('of every kind, %s, leave no slot behind, and a line with the id', async (_, quiet) => {
    const onError = vi.fn(() => {
      throw new Error('in onError');
    });
    const rig = new TaskRig({ pool: { concurrency: 1 }, onError, quiet });
    const works = Object.values(failures);
    const handles = works.map((work) => rig.tasks.submit(work));
    await drain();
    expect(handles.map(({ state }) => state)).toEqual(works.map(() => 'failed'));
    expect(rig.app.pools.get('default').load).toBe(0);
    expect(onError).toHaveBeenCalledTimes(works.length);
    expect(rig.types().filter((type) => type === 'taskFailed')).toHaveLength(quiet ? 0 : works.length);
    const told = rig.lines.filter((line) => line.includes('failed for good'));
    expect(told).toEqual(handles.map(({ id }) => expect.stringContaining(id) as string));
    expect(await rig.tasks.submit(() => 'next').result).toBe('next');
  });

  it('of a promise whose own then() tells twice settle the task once, as await takes it', async () => {
    class Twice<T> extends Promise<T> {
      // oxlint-disable-next-line unicorn/no-thenable
      override then(...settle: Parameters<Promise<T>['then']>): never {
        void super.then(...settle);
        settle[0]?.('once' as T);
        throw new Error('and twice');
      }
    }
    const rig = new TaskRig({ quiet: true });
    const handle = rig.tasks.submit(() => Twice.reject(new Error('rejected')));
    expect(await handle.result).toBe('once');
    expect(rig.app.pools.get('default').load).toBe(0);
  });

  it('in an interceptor’s way out fail the task, and onError runs inside the unit’s context', async () => {
    const store = new AsyncLocalStorage<string>();
    const told: unknown[] = [];
    const rig = new TaskRig({
      interceptors: [
        { around: (unit, next) => store.run(`in ${unit.name}`, next) },
        {
          around: async (_, next) => {
            const value = await next();
            if (value === 'bad exit') throw new Error('exit');
            return value;
          },
        },
      ],
      onError: (error, at) =>
        told.push([(error as Error).message, at.kind, at.name, at.attempt, at.final, store.getStore()]),
    });
    const exit = rig.tasks.submit(() => 'bad exit', { name: 'a' });
    const inner = rig.tasks.submit(() => Promise.reject(new Error('inner')), { name: 'b', retries: 1 });
    await rig.clock.advance(1_000);
    expect(exit.state).toBe('failed');
    expect(inner.state).toBe('failed');
    expect(told).toEqual([
      ['exit', 'task', 'a', 1, true, undefined],
      ['inner', 'task', 'b', 1, false, 'in b'],
      ['inner', 'task', 'b', 2, true, 'in b'],
    ]);
  });

  it('are tried again with backoff, unless DoNotRestart says otherwise', async () => {
    const { tasks, clock } = new TaskRig();
    const fn = vi.fn(({ attempt }: { attempt: number }) => {
      if (attempt < 3) throw new Error(`no ${attempt}`);
      return attempt;
    });
    const handle = tasks.submit(fn, { retries: 2, backoff: { initial: 100, factor: 2 } });
    await clock.advance(99);
    expect(handle.state).toBe('retrying');
    await clock.advance(1);
    expect(fn).toHaveBeenCalledTimes(2);
    await clock.advance(200);
    expect(await handle.result).toBe(3);
    const enough = tasks.submit(() => Promise.reject(new DoNotRestart('enough')), { retries: 5 });
    await drain();
    expect(enough.state).toBe('failed');
  });
});

describe('a time-out', () => {
  it('rejects at once; the slot waits until the function has settled', async () => {
    const rig = new TaskRig({ pool: { concurrency: 1 } });
    const gate = deferred();
    let signal: AbortSignal | undefined;
    const slow = rig.tasks.submit(
      (ctx) => {
        signal = ctx.signal;
        return gate.promise;
      },
      { timeout: 10 },
    );
    const next = rig.tasks.submit(() => 'next');
    await rig.clock.advance(10);
    expect(await rejectionOf(slow.result)).toMatchObject({ why: 'timeout' });
    expect([slow.state, signal?.aborted, next.state]).toEqual(['failed', true, 'queued']);
    gate.reject(new Error('late'));
    await drain();
    expect(next.state).toBe('done');
    expect(rig.types().filter((type) => type === 'taskFailed')).toHaveLength(1);
  });

  it('with a retry left is tried again once the function has settled', async () => {
    const { tasks, clock } = new TaskRig();
    const gates = [deferred<string>(), deferred<string>()];
    const handle = tasks.submit(({ attempt }) => gates[attempt - 1]!.promise, {
      timeout: 10,
      retries: 1,
      backoff: { initial: 5 },
    });
    await clock.advance(100);
    expect(handle.state).toBe('running');
    gates[0]!.resolve('too late');
    await drain();
    expect(handle.state).toBe('retrying');
    gates[1]!.resolve('in time');
    await clock.advance(5);
    expect(await handle.result).toBe('in time');
  });
});

describe('cancel', () => {
  it('before it began: it never runs', async () => {
    const { tasks } = new TaskRig();
    const fn = vi.fn();
    const handle = tasks.submit(fn);
    expect([handle.cancel('why'), handle.cancel()]).toEqual([true, false]);
    expect(await rejectionOf(handle.result)).toMatchObject({ why: 'cancelled', cause: 'why' });
    await drain();
    expect(fn).not.toHaveBeenCalled();
  });

  it('while it runs: its signal aborts, and an AbortError is clean', async () => {
    const { tasks } = new TaskRig();
    const handle = tasks.submit((ctx) => ctx.sleep(1_000), { retries: 3 });
    await drain();
    expect(handle.cancel()).toBe(true);
    await drain();
    expect(handle.state).toBe('cancelled');
    expect(await rejectionOf(handle.result)).toBeInstanceOf(WorkerAborted);
  });

  it('by a signal, given before or after', async () => {
    const { tasks } = new TaskRig();
    const controller = new AbortController();
    const one = tasks.submit((ctx) => ctx.sleep(5), { signal: controller.signal });
    controller.abort('over');
    expect(one.state).toBe('cancelled');
    expect(tasks.submit(() => 1, { signal: controller.signal }).state).toBe('cancelled');
  });
});

describe('waiting', () => {
  it('of a task for itself or its pool is refused, and need not be awaited', async () => {
    followContexts();
    const { tasks } = new TaskRig();
    const self: { handle?: TaskHandle<string> } = {};
    self.handle = tasks.submit(async () => {
      await drain();
      void tasks.drain();
      void self.handle?.join();
      return `${await codeOf(tasks.drain())} ${await codeOf(self.handle!.join())}`;
    });
    expect(await self.handle.result).toBe('BGW_SELF_JOIN BGW_SELF_JOIN');
  });

  it('joins with a time limit, and drains with one', async () => {
    const rig = new TaskRig({ pool: { concurrency: 1 } });
    const gate = deferred();
    const handle = rig.tasks.submit(() => gate.promise, { name: 'stuck' });
    await drain();
    const queued = rig.tasks.submit(() => 1);
    const joined = handle.join({ timeout: 5 });
    const drained = rig.tasks.drain({ timeout: 5, cancelQueued: true });
    await rig.clock.advance(5);
    expect(await joined).toBe(false);
    await drained;
    expect(queued.state).toBe('cancelled');
    expect(rig.clock.pending).toBe(0);
    gate.resolve();
    expect(await handle.join()).toBe(true);
    await rig.tasks.drain();
  });

  it('for room keeps the order', async () => {
    const { tasks } = new TaskRig({ pool: { concurrency: 1, queue: 0 } });
    const order: number[] = [];
    const handles = await Promise.all(
      [1, 2, 3].map((number) => tasks.submitWhenFree(async () => (await drain(), order.push(number)))),
    );
    await Promise.all(handles.map(({ result }) => result));
    expect(order).toEqual([1, 2, 3]);
  });
});

describe('map and asCompleted', () => {
  it('maps in input order with at most `concurrency` ahead', async () => {
    const { tasks, clock } = new TaskRig();
    let begun = 0;
    const results: number[] = [];
    const run = (async () => {
      for await (const one of tasks.map([30, 20, 10, 5], async (ms, ctx) => (begun++, await ctx.sleep(ms), ms), {
        concurrency: 2,
      }))
        results.push(one);
    })();
    await drain();
    expect(begun).toBe(2);
    await clock.advance(100);
    await run;
    expect(results).toEqual([30, 20, 10, 5]);
  });

  it('cancels what was begun and not taken when its reader breaks off', async () => {
    const rig = new TaskRig();
    const taken: number[] = [];
    for await (const one of rig.tasks.map([1, 2, 3, 4], async (n, ctx) => (n > 1 && (await ctx.sleep(1_000)), n), {
      concurrency: 3,
    })) {
      taken.push(one);
      break;
    }
    await drain();
    expect(taken).toEqual([1]);
    expect(rig.types().filter((type) => type === 'taskCancelled')).toHaveLength(2);
    expect(rig.app.pools.get('default').load).toBe(0);
  });

  it('throws the first failure at its place and cancels the rest, as break does', async () => {
    const { tasks, clock } = new TaskRig();
    const states: string[] = [];
    const fn = async (ms: number, ctx: { sleep(ms: number): Promise<void> }): Promise<number> => {
      await ctx.sleep(ms).catch((error: unknown) => {
        states.push(`${ms} cancelled`);
        throw error;
      });
      if (ms === 10) throw new Error('ten');
      return ms;
    };
    const run = rejectionOf(
      (async () => {
        for await (const one of tasks.map([5, 10, 50], fn)) states.push(`${one}`);
      })(),
    );
    await clock.advance(20);
    expect(await run).toMatchObject({ message: 'ten' });
    expect(states).toEqual(['5', '50 cancelled']);
  });

  it('yields in the order of completion', async () => {
    const { tasks, clock } = new TaskRig();
    const handles = [30, 10, 20].map((ms) => tasks.submit(async (ctx) => (await ctx.sleep(ms), ms)));
    const order = (async () => {
      const all: number[] = [];
      for await (const handle of asCompleted(handles)) all.push(await handle.result);
      return all;
    })();
    await clock.advance(50);
    expect(await order).toEqual([10, 20, 30]);
  });
});

describe('what can be asked', () => {
  it('is status with progress, what failed, and to try it again under its id', async () => {
    const { tasks } = new TaskRig();
    let fails = true;
    const handle = tasks.submit(
      (ctx) => {
        ctx.progress(1, 2);
        if (fails) throw new Error('no');
      },
      { name: 'mail' },
    );
    const { id } = handle;
    await drain();
    const failed = { id, name: 'mail', state: 'failed', attempt: 1, progress: { done: 1, total: 2 }, error: 'no' };
    expect(await tasks.status(id)).toEqual(failed);
    expect(await tasks.failed()).toEqual([failed]);
    fails = false;
    await tasks.retry(id);
    await drain();
    expect(await tasks.status(id)).toMatchObject({ state: 'done' });
    expect(await tasks.failed()).toEqual([]);
    expect(await codeOf(tasks.retry(id))).toBe('BGW_UNKNOWN_TASK');
    expect(await tasks.status('none')).toBeUndefined();
  });
});

describe('the end of the app', () => {
  it('drains what was accepted, reports at once what is due too late, and names what never settles', async () => {
    const { clock, closing, tasks, lines } = new TaskRig({ grace: 100 });
    const now = clock.now();
    const drained = tasks.submit((ctx) => ctx.sleep(200));
    const aborted = tasks.submit((ctx) => ctx.sleep(100_000));
    const never = tasks.submit(() => new Promise<void>(() => undefined), { name: 'never' });
    const delayed = tasks.submit(() => 1, { delay: 5_000, name: 'delayed' });
    await drain();
    const report = closing.begin(Promise.resolve(), now + 1_000, now + 1_250);
    expect(delayed.state).toBe('discarded');
    expect(lines.join()).toContain(`task delayed (${delayed.id}) was lost`);
    await clock.advance(899);
    expect([drained.state, aborted.state]).toEqual(['done', 'running']);
    const late = tasks.submit(() => 'late', { name: 'late' });
    await clock.advance(1);
    expect(aborted.state).toBe('cancelled');
    await clock.advance(100);
    expect(await report).toEqual({ drained: 2, cut: 1, lost: 1, handedBack: 0, abandoned: [`never (${never.id})`] });
    expect(late.state).toBe('done');
    expect(await closing.end()).toMatchObject({ cut: 0, lost: 0, abandoned: [] });
    expect(code(() => tasks.submit(() => 1))).toBe('BGW_SHUTTING_DOWN');
    expect(await codeOf(tasks.submitWhenFree(() => 1))).toBe('BGW_SHUTTING_DOWN');
  });

  it('says after a second what it waits for, once', async () => {
    const { clock, closing, tasks, lines } = new TaskRig({ pool: { concurrency: 1 } });
    const now = clock.now();
    const slow = tasks.submit((ctx) => ctx.sleep(3_000), { name: 'slow' });
    const next = tasks.submit(() => 1, { name: 'next' });
    await drain();
    const report = closing.begin(Promise.resolve(), now + 8_000, now + 10_000);
    await clock.advance(999);
    expect(lines).toEqual([]);
    await clock.advance(1);
    const line = `waiting for 2 tasks, to be cut in 4.0 s: slow (${slow.id}), next (${next.id})`;
    expect(lines).toEqual([line]);
    await clock.advance(2_000);
    expect(await report).toEqual({ drained: 2, cut: 0, lost: 0, handedBack: 0, abandoned: [] });
    await closing.end();
    expect(lines).toEqual([line]);
  });
});

describe('a signal of those that wait for room', () => {
  /** A pool that one task has filled. */
  const full = (): { rig: TaskRig; stuck: Deferred<void> } => {
    const rig = new TaskRig({ pool: { concurrency: 1, queue: 0 } });
    const stuck = deferred();
    rig.tasks.submit(() => stuck.promise);
    return { rig, stuck };
  };

  it('that has aborted before: the handle is cancelled at once, and nothing runs', async () => {
    const fn = vi.fn();
    const { rig, stuck } = full();
    const options = { signal: AbortSignal.abort('over') };
    for (const { tasks } of [rig, new TaskRig()]) {
      const handle = await tasks.submitWhenFree(fn, options);
      expect(handle.state).toBe('cancelled');
      expect(await rejectionOf(handle.result)).toMatchObject({ why: 'cancelled', cause: 'over' });
    }
    stuck.resolve();
    await drain();
    expect(fn).not.toHaveBeenCalled();
    expect(rig.app.pools.get('default').load).toBe(0);
  });

  it('that aborts meanwhile takes them out of the line, and the others keep their order', async () => {
    const { rig, stuck } = full();
    const controller = new AbortController();
    const order: string[] = [];
    const waiting = ['first', 'second', 'third'].map((name) =>
      rig.tasks.submitWhenFree(() => order.push(name), name === 'second' ? { signal: controller.signal } : {}),
    );
    controller.abort();
    expect((await waiting[1]!).state).toBe('cancelled');
    stuck.resolve();
    await Promise.all(waiting);
    await drain();
    expect(order).toEqual(['first', 'third']);
    expect(rig.types().filter((type) => type === 'taskCancelled')).toHaveLength(1);
  });

  it('of a map: what waits for its turn never runs', async () => {
    const fn = vi.fn();
    const { tasks } = new TaskRig();
    expect(await rejectionOf(firstOf(tasks.map([1, 2, 3], fn, { signal: AbortSignal.abort() })))).toMatchObject({
      why: 'cancelled',
    });
    await drain();
    expect(fn).not.toHaveBeenCalled();
  });

  it('is let go when the pool closes', async () => {
    const { rig, stuck } = full();
    const { signal } = new AbortController();
    const refused = codeOf(rig.tasks.submitWhenFree(() => 1, { signal }));
    void rig.app.close(Infinity);
    expect(await refused).toBe('BGW_SHUTTING_DOWN');
    expect(getEventListeners(signal, 'abort')).toEqual([]);
    stuck.resolve();
  });

  it('drain({ cancelQueued }) cancels them, too', async () => {
    const { rig, stuck } = full();
    const fn = vi.fn();
    const waiting = [1, 2].map(() => rig.tasks.submitWhenFree(fn));
    const drained = rig.tasks.drain({ cancelQueued: true });
    stuck.resolve();
    await drained;
    expect((await Promise.all(waiting)).map(({ state }) => state)).toEqual(['cancelled', 'cancelled']);
    await drain();
    expect(fn).not.toHaveBeenCalled();
  });

  it('is listened to once, however many tasks there are, until the last has settled', async () => {
    const { tasks, clock } = new TaskRig();
    const { signal } = new AbortController();
    const handles = Array.from({ length: 20 }, (_, n) => tasks.submit((ctx) => ctx.sleep(n + 1), { signal }));
    expect(getEventListeners(signal, 'abort')).toHaveLength(1);
    await clock.advance(100);
    expect(handles.map(({ state }) => state)).toEqual(handles.map(() => 'done'));
    expect(getEventListeners(signal, 'abort')).toEqual([]);
    const controller = new AbortController();
    const more = [1, 2].map(() => tasks.submit((ctx) => ctx.sleep(1_000), { signal: controller.signal }));
    await drain();
    controller.abort();
    await drain();
    expect(more.map(({ state }) => state)).toEqual(['cancelled', 'cancelled']);
    expect(getEventListeners(controller.signal, 'abort')).toEqual([]);
  });
});

class Mailer {}
/** One handler, `Mailer.work`, and the two ways to call it. */
const rigWith = (
  work: (payload: never, ctx: TaskContext) => unknown,
  options: HandlerOptions = {},
  rest: TaskRigOptions = {},
) => {
  const found = { subject: 'Mailer', method: 'work', options, target: { work }, classes: [Mailer], module: 'M' };
  const { tasks, app, clock } = new TaskRig({ handlers: [found], ...rest });
  const to = (payload: unknown, given: object | undefined): [] => [payload, given] as unknown as [];
  return {
    tasks,
    app,
    clock,
    run: (payload: unknown, given?: RunOptions): TaskHandle<unknown> =>
      tasks.run(Mailer, 'work' as never, ...to(payload, given)),
    dispatch: (payload: unknown, given?: DispatchOptions): Promise<DispatchedTask> =>
      tasks.dispatch(Mailer, 'work' as never, ...to(payload, given)),
  };
};

describe('run()', () => {
  it('with a payload that cannot be copied gives up no other task', async () => {
    const stuck = deferred();
    const pool = { concurrency: 1, queue: 1, onFull: 'discard-oldest' } as const;
    const { tasks, run } = rigWith(() => 'ran', {}, { pool });
    tasks.submit(() => stuck.promise);
    await drain();
    const waits = tasks.submit(() => 1);
    expect(() => run(() => 1)).toThrow(expect.objectContaining({ name: 'DataCloneError' }));
    expect(waits.state).toBe('queued');
    const ran = run('payload');
    expect(waits.state).toBe('discarded');
    stuck.resolve();
    expect(await ran.result).toBe('ran');
  });

  it('takes undefined for the default of its handler', async () => {
    const { clock, run } = rigWith((_, ctx) => ctx.sleep(1_000), { name: 'slow', timeout: 10 });
    const handle = run(1, { timeout: undefined, name: undefined, backoff: undefined });
    await clock.advance(10);
    expect(await rejectionOf(handle.result)).toMatchObject({ message: expect.stringContaining('slow') as string });
    expect(handle.state).toBe('failed');
  });

  it('gives each attempt its own copy, also that of retry(id)', async () => {
    const seen: unknown[] = [];
    const { tasks, run } = rigWith((list: unknown[]) => {
      seen.push([...list]);
      list.push('changed');
      if (seen.length === 1) throw new Error('no');
    });
    const { id } = run(['sent']);
    await drain();
    await tasks.retry(id);
    await drain();
    expect(seen).toEqual([['sent'], ['sent']]);
  });
});

describe('map over a source that has nothing more for now', () => {
  /** Gives what it is told to; `closed` once its reader is through with it. */
  const live = (...first: number[]) => {
    const next = deferred<number>();
    const state = { closed: false, next };
    async function* items(): AsyncGenerator<number> {
      try {
        yield* first;
        yield await next.promise;
      } finally {
        state.closed = true;
      }
    }
    return { items: items(), state };
  };

  it('yields what is ready, which the source may wait for', async () => {
    const { tasks } = new TaskRig();
    const { items, state } = live(1, 2);
    const results: number[] = [];
    for await (const result of tasks.map(items, (n: number) => n * 10)) {
      results.push(result);
      if (result === 20) state.next.resolve(3);
    }
    expect(results).toEqual([10, 20, 30]);
    expect(state.closed).toBe(true);
  });

  it('tells a failure at its place, and begins nothing more', async () => {
    const { tasks } = new TaskRig();
    const { items, state } = live(1, 2);
    const fn = vi.fn((n: number): number => {
      if (n === 2) throw new Error('two');
      return n;
    });
    const results = tasks.map(items, fn)[Symbol.asyncIterator]();
    expect(await results.next()).toEqual({ done: false, value: 1 });
    expect(await rejectionOf(results.next())).toMatchObject({ message: 'two' });
    state.next.resolve(3);
    await drain();
    expect(fn).toHaveBeenCalledTimes(2);
    expect(state.closed).toBe(true);
  });

  it('closes the source at once where its reader breaks off', async () => {
    const { tasks } = new TaskRig();
    const fn = vi.fn((n: number) => n);
    const waits = deferred<IteratorResult<number>>();
    const giveUp = vi.fn(async () => {
      waits.resolve({ done: true, value: undefined });
      return await waits.promise;
    });
    const answers = [{ done: false, value: 1 }];
    const source = { next: async () => answers.shift() ?? (await waits.promise), return: giveUp };
    for await (const result of tasks.map({ [Symbol.asyncIterator]: () => source }, fn)) {
      expect(result).toBe(1);
      break;
    }
    await drain();
    expect(giveUp).toHaveBeenCalledTimes(1);
    expect(fn).toHaveBeenCalledTimes(1);
  });

  it('waits for the source to close where it is not being asked, and passes on how that fails', async () => {
    const { tasks } = new TaskRig();
    const close = (): never => {
      throw new Error('in return()');
    };
    const items: Iterable<number> = {
      [Symbol.iterator]: () => ({ next: () => ({ done: false, value: 1 }), return: close }),
    };
    const results = tasks.map(items, (n: number) => n)[Symbol.asyncIterator]();
    await results.next();
    expect(await rejectionOf(results.return!())).toMatchObject({ message: 'in return()' });
    const failing = tasks.map(items, () => Promise.reject(new Error('in the task')));
    expect(await rejectionOf(firstOf(failing))).toMatchObject({ message: 'in the task' });
  });

  it('throws the failure of the source at its place', async () => {
    const { tasks } = new TaskRig();
    const { items, state } = live(1, 2);
    const results: number[] = [];
    const run = rejectionOf(
      (async () => {
        for await (const result of tasks.map(items, (n: number) => n)) results.push(result);
      })(),
    );
    state.next.reject(new Error('the source'));
    expect(await run).toMatchObject({ message: 'the source' });
    expect(results).toEqual([1, 2]);
  });

  it('yields what is ready while the next waits for room', async () => {
    const rig = new TaskRig({ pool: { concurrency: 2, queue: 0 } });
    const [stuck, busy] = [deferred(), deferred()];
    rig.tasks.submit(() => stuck.promise);
    const results = rig.tasks.map([1, 2], (n: number) => n, { concurrency: 3 })[Symbol.asyncIterator]();
    const first = results.next();
    rig.tasks.submitWhenFree(() => busy.promise).catch(() => undefined);
    expect(await first).toEqual({ done: false, value: 1 });
    stuck.resolve();
    busy.resolve();
    expect(await results.next()).toEqual({ done: false, value: 2 });
    expect(await results.next()).toEqual({ done: true, value: undefined });
  });

  it('lets go of what waits for room where its reader breaks off', async () => {
    const rig = new TaskRig({ pool: { concurrency: 2, queue: 0 } });
    const stuck = deferred();
    rig.tasks.submit(() => stuck.promise);
    const fn = vi.fn(async (n: number, ctx: TaskContext) => (n > 1 && (await ctx.sleep(1_000)), n));
    for await (const one of rig.tasks.map([1, 2, 3], fn, { concurrency: 3 })) {
      expect(one).toBe(1);
      break;
    }
    stuck.resolve();
    await drain();
    expect(fn.mock.calls.map(([n]) => n)).not.toContain(3);
    expect(rig.app.pools.get('default').load).toBe(0);
  });

  it('throws what the pool says once it is closed', async () => {
    const { tasks, app } = new TaskRig({ pool: { concurrency: 1, queue: 0 } });
    const stuck = deferred();
    tasks.submit(() => stuck.promise);
    const waits = codeOf(firstOf(tasks.map([1], (n: number) => n)));
    await drain();
    void app.close(Infinity);
    expect(await waits).toBe('BGW_SHUTTING_DOWN');
    expect(await codeOf(firstOf(tasks.map([1], (n: number) => n)))).toBe('BGW_SHUTTING_DOWN');
    stuck.resolve();
  });
});

describe('asCompleted', () => {
  it('refuses to wait for the task it is asked in', async () => {
    followContexts();
    const { tasks } = new TaskRig();
    const self: { handle?: TaskHandle<string> } = {};
    self.handle = tasks.submit(async () => {
      await drain();
      return await codeOf(firstOf(asCompleted([self.handle!])));
    });
    expect(await self.handle.result).toBe('BGW_SELF_JOIN');
  });
});

describe('dispatch()', () => {
  const schemaOf = (validate: (value: never) => unknown): StandardSchemaV1 =>
    ({ '~standard': { version: 1, vendor: 'test', validate } }) as StandardSchemaV1;

  it('tries again where the schema fails, and not where it refuses', async () => {
    const answers = ['at the sender', 'ECONNRESET', 'fine'];
    const answer = async (value: unknown): Promise<object> => {
      if (answers.shift() === 'ECONNRESET') throw new Error('ECONNRESET');
      return value === 'sent' ? { value: 'parsed' } : { issues: [{ message: 'not this' }] };
    };
    const work = vi.fn();
    const { tasks, app, clock, dispatch } = rigWith(work, { retries: 5, payload: schemaOf(answer) });
    const { id } = await dispatch('sent');
    await clock.advance(100_000);
    expect(await tasks.status(id)).toMatchObject({ state: 'done', attempt: 2 });
    expect(work).toHaveBeenCalledWith('parsed', expect.anything());
    const message = { id: 'r', name: 'Mailer.work', payload: '"other"', headers: {} };
    await app.transport.send(message, { retries: 5, backoff: DEFAULT_BACKOFF });
    await tasks.drain();
    expect(await tasks.status('r')).toMatchObject({ state: 'failed', attempt: 1 });
  });

  it('has the schema asked of what is sent', async () => {
    const asked: unknown[] = [];
    const payload = schemaOf(async (value: object) => {
      asked.push(JSON.stringify(value));
      await drain();
      return 'a' in value ? { value } : { issues: [{ message: 'no a' }] };
    });
    const work = vi.fn();
    const { tasks, dispatch } = rigWith(work, { payload });
    expect(await codeOf(dispatch({ a: undefined }))).toBe('BGW_PAYLOAD_REFUSED');
    const sent = { a: 1 };
    const sending = dispatch(sent);
    sent.a = 2;
    await sending;
    await tasks.drain();
    expect(asked).toEqual(['{}', '{"a":1}', '{"a":1}']);
    expect(work).toHaveBeenCalledWith({ a: 1 }, expect.anything());
  });

  it.each([
    ['names no issue', { issues: [] }, 'is refused by its schema, which names no issue'],
    ['answers nothing', undefined, 'is refused: its schema has answered undefined, not { value } or { issues }'],
  ])('is refused in words where the schema %s', async (_, answer, words) => {
    const { dispatch } = rigWith(() => 1, { payload: schemaOf(() => answer) });
    expect(await rejectionOf(dispatch('x'))).toMatchObject({
      code: 'BGW_PAYLOAD_REFUSED',
      message: expect.stringContaining(`the payload of Mailer.work ${words}`) as string,
    });
  });

  it('of an id that has failed forgets the failure', async () => {
    let fails = true;
    const work = vi.fn(() => {
      if (fails) throw new Error('no');
    });
    const { tasks, dispatch } = rigWith(work, { retries: 0 });
    await dispatch('x', { id: 'x' });
    await drain();
    expect(await tasks.failed()).toHaveLength(1);
    fails = false;
    await dispatch('x', { id: 'x' });
    await drain();
    expect(await tasks.status('x')).toMatchObject({ state: 'done' });
    expect(await tasks.failed()).toEqual([]);
    expect(await codeOf(tasks.retry('x'))).toBe('BGW_UNKNOWN_TASK');
    expect(work).toHaveBeenCalledTimes(2);
  });

  it('asks interceptors once for what to carry along', async () => {
    const capture = vi.fn(() => ({ trace: '1' }));
    const seen: unknown[] = [];
    const { tasks, dispatch } = rigWith(
      (_, { headers }) => seen.push(headers),
      {},
      {
        interceptors: [{ capture, around: async (_, next) => await next() }],
      },
    );
    await dispatch('x');
    await tasks.drain();
    expect(seen).toEqual([{ trace: '1' }]);
    expect(capture).toHaveBeenCalledTimes(1);
  });

  it('after the end names the pool', async () => {
    const { app, dispatch } = rigWith(() => 1);
    void app.close(Infinity);
    expect(await rejectionOf(dispatch('x'))).toMatchObject({
      code: 'BGW_SHUTTING_DOWN',
      message: expect.stringContaining('pool "default" takes no tasks any more') as string,
    });
  });
});
