import { AsyncLocalStorage } from 'node:async_hooks';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { TaskHandle } from '../../lib/contract/tasks.js';
import type { UnitInterceptor } from '../../lib/contract/units.js';
import { SystemClock } from '../../lib/shared/clock.js';
import { deferred } from '../../lib/shared/deferred.js';
import { drain } from '../support/fake-clock.js';
import { TaskRig, rejectionOf } from '../support/task-rig.js';
import { loop, strays } from './rig.js';

let last: ReturnType<typeof strays>;
beforeEach(() => (last = strays()));
afterEach(() => {
  expect(last.seen).toEqual([]);
  last.end();
});

describe('a sleep', () => {
  it('that is aborted before anybody awaits it is no unhandledRejection', async () => {
    const rig = await loop(async (ctx) => {
      for (;;) {
        const pause = ctx.sleep(1_000);
        await ctx.unitOfWork((unit) => unit.sleep(200));
        await pause;
      }
    });
    const stopped = rig.handle.stop();
    await rig.clock.advance(200);
    expect(await stopped).toMatchObject({ abandoned: [] });
    expect(rig.handle.state).toMatchObject({ status: 'stopped', failures: 0 });
  });

  it('that lost a race ends with its unit: no timer is left', async () => {
    const rig = new TaskRig();
    expect(await rig.tasks.submit((ctx) => Promise.race([ctx.sleep(5_000), Promise.resolve('first')])).result).toBe(
      'first',
    );
    expect(rig.clock.pending).toBe(0);
  });
});

describe('what a task returns', () => {
  class Lazy<T> extends Promise<T> {
    // oxlint-disable-next-line unicorn/no-thenable -- as the queries of some database drivers
    override then<A = T, B = never>(
      resolve?: ((value: T) => A | PromiseLike<A>) | null,
      reject?: ((reason: unknown) => B | PromiseLike<B>) | null,
    ): Promise<A | B> {
      return Promise.resolve('row' as T).then(resolve, reject);
    }
  }

  it.each([true, false])('is asked as await asks it: a lazy query is begun (nobody listens: %s)', async (quiet) => {
    const rig = new TaskRig({ quiet, pool: { concurrency: 1 } });
    expect(await rig.tasks.submit(() => new Lazy<string>(() => undefined)).result).toBe('row');
    const proxy = rig.tasks.submit(() => new Proxy(Promise.resolve(1), {}));
    expect(await rejectionOf(proxy.result)).toBeInstanceOf(TypeError);
    expect(await rig.tasks.submit(() => 'next').result).toBe('next');
  });
});

describe('NaN', () => {
  it('is no time limit', async () => {
    const rig = new TaskRig();
    const handle = rig.tasks.submit(() => new Promise<void>(() => undefined));
    expect(() => handle.join({ timeout: NaN })).toThrow(
      /TaskHandle.join\(\): option "timeout" is NaN; allowed: a number, 0 or/,
    );
    expect(await rejectionOf(rig.tasks.drain({ timeout: NaN }))).toMatchObject({ code: 'BGW_INVALID_OPTION' });
    const worker = await loop(async (ctx) => await ctx.unitOfWork(() => undefined, { timeout: NaN }), {
      restart: 'never',
    });
    expect(worker.seen('incarnationFailed')[0]?.error).toMatchObject({ code: 'BGW_INVALID_OPTION' });
    expect(() => worker.handle.join({ timeout: NaN })).toThrow('option "timeout" is NaN');
  });

  it('stops no other timer', async () => {
    const clock = new SystemClock();
    const nan = deferred();
    clock.after(NaN, () => nan.resolve());
    const ten = deferred();
    clock.after(10, () => ten.resolve());
    await Promise.all([nan.promise, ten.promise]);
  });
});

describe('an interceptor that does not wait for next()', () => {
  const careless: UnitInterceptor = { around: async (_, next) => void next() };
  const impatient: UnitInterceptor = { around: (_, next) => Promise.race([next(), Promise.resolve('late')]) };
  const failing: UnitInterceptor = {
    around: async (_, next) => {
      void next();
      throw new Error('out of patience');
    },
  };

  it.each([
    ['careless', careless],
    ['impatient', impatient],
    ['failing', failing],
  ])('ends no unit, and frees no slot: %s', async (_, interceptor) => {
    const rig = new TaskRig({ interceptors: [interceptor], pool: { concurrency: 1 } });
    const gate = deferred<string>();
    const first = rig.tasks.submit(() => gate.promise);
    const second = rig.tasks.submit(() => 'second');
    await drain();
    expect([first.state, second.state]).toEqual(['running', 'queued']);
    gate.resolve('first');
    await drain();
    expect(first.state).toBe(interceptor === failing ? 'failed' : 'done');
    expect(second.state).toBe(first.state);
  });

  it('has swallowed no failure that comes later', async () => {
    const rig = new TaskRig({ interceptors: [careless] });
    const handle = rig.tasks.submit(async () => {
      await drain();
      throw new Error('later');
    });
    expect(await rejectionOf(handle.result)).toMatchObject({ message: 'later' });
  });
});

describe('foreign code in the middle', () => {
  it('cancels a task for good, from onError and from a listener', async () => {
    let handle: TaskHandle<unknown> | undefined;
    const answers: unknown[] = [];
    const rig = new TaskRig({ onError: () => answers.push(handle?.cancel()) });
    const fail = vi.fn(() => Promise.reject(new Error('no')));
    handle = rig.tasks.submit(fail, { retries: 5 });
    await rig.clock.advance(60_000);
    expect([fail.mock.calls.length, answers, handle.state]).toEqual([1, [true], 'cancelled']);

    const again = rig.tasks.submit(fail, { retries: 5 });
    handle = undefined;
    rig.app.environment.hub.on(['taskRetrying'], () => answers.push(again.cancel()));
    await rig.clock.advance(60_000);
    expect([fail.mock.calls.length, answers.at(-1), again.state]).toEqual([2, true, 'cancelled']);
  });

  it('that cancels others as one is lost upsets no queue', async () => {
    const rig = new TaskRig({ pool: { concurrency: 1 } });
    const { app, tasks, closing, clock } = rig;
    const gate = deferred();
    tasks.submit(() => gate.promise);
    const waiting = [1, 2, 3].map(() => tasks.submit(() => undefined));
    app.environment.hub.on(['taskDiscarded'], () => waiting.forEach((one) => one.cancel()));
    await drain();
    const report = closing.begin(Promise.resolve(), clock.now() + 1_000, clock.now() + 1_250);
    await clock.advance(1_000);
    gate.resolve();
    await drain();
    expect((await report).lost).toBe(1);
    expect(app.pools.get('default').load).toBe(0);
    expect(rig.types().filter((type) => type === 'taskCancelled')).toHaveLength(2);
  });

  it('that submits as another is queued comes after it, within the bound', async () => {
    const rig = new TaskRig({ pool: { concurrency: 1, queue: 1 } });
    const order: string[] = [];
    let refused = 0;
    const off = rig.app.environment.hub.on(['taskQueued'], () => {
      off();
      rig.tasks.submit(() => order.push('inner'));
      try {
        rig.tasks.submit(() => order.push('too much'));
      } catch {
        refused += 1;
      }
    });
    rig.tasks.submit(() => order.push('outer'));
    await drain();
    expect([order, refused]).toEqual([['outer', 'inner'], 1]);
  });

  it('leaves its context behind: a listener, at progress, at a refusal', async () => {
    const store = new AsyncLocalStorage<string>();
    const rig = new TaskRig({ pool: { concurrency: 1, queue: 0 } });
    for (const type of ['taskProgress', 'taskRefused', 'unitStarted'] as const)
      rig.app.environment.hub.on([type], () => store.enterWith(type));
    const seen = await rig.tasks.submit((ctx) => {
      ctx.progress(1);
      expect(() => rig.tasks.submit(() => undefined)).toThrow('full');
      return store.getStore();
    }).result;
    expect([seen, store.getStore()]).toEqual([undefined, undefined]);
  });

  it('is told of a time-out in the unit’s context', async () => {
    const store = new AsyncLocalStorage<string>();
    const told: unknown[] = [];
    const rig = new TaskRig({
      interceptors: [{ around: (unit, next) => store.run(`in ${unit.name}`, next) }],
      onError: () => told.push(store.getStore()),
    });
    rig.tasks.submit((ctx) => ctx.sleep(1_000), { name: 'slow', timeout: 10 });
    await rig.clock.advance(10);
    expect(told).toEqual(['in slow']);
  });

  it('that rejects in onError is a line', async () => {
    const rig = new TaskRig({ onError: () => Promise.reject(new Error('sentry is down')) as never });
    rig.tasks.submit(() => Promise.reject(new Error('no')));
    await drain();
    expect(rig.lines).toContainEqual('onError threw');
  });
});

describe('a long turn of the event loop', () => {
  it('goes on in the next: what waits elsewhere comes in between', async () => {
    const rig = new TaskRig({ pool: { concurrency: 1 } });
    let time = rig.clock.now();
    vi.spyOn(rig.clock, 'now').mockImplementation(() => (time += 4));
    const done: number[] = [];
    for (let task = 0; task < 30; task += 1) rig.tasks.submit(() => done.push(task));
    await drain();
    expect(done.length).toBeGreaterThan(0);
    expect(done.length).toBeLessThan(15);
    await rig.tasks.drain();
    expect(done).toHaveLength(30);
  });
});

describe('the end of the app', () => {
  it('is the end of retries', async () => {
    const rig = new TaskRig({ grace: 100 });
    const gate = deferred();
    const body = vi.fn(async (): Promise<void> => {
      await gate.promise;
      throw new Error('too late');
    });
    const handle = rig.tasks.submit(body, { timeout: 20, retries: 5 });
    await rig.clock.advance(20);
    const now = rig.clock.now();
    const begun = rig.closing.begin(Promise.resolve(), now + 1_000, now + 1_250);
    await rig.clock.advance(1_250);
    await begun;
    await rig.closing.end();
    gate.resolve();
    await rig.clock.advance(600_000);
    expect([body.mock.calls.length, handle.state, rig.clock.pending]).toEqual([1, 'discarded', 0]);
  });

  it('waits for what follows a late task', async () => {
    const { clock, closing, tasks } = new TaskRig();
    const now = clock.now();
    await closing.begin(Promise.resolve(), now + 8_000, now + 10_000);
    const late = tasks.submit((ctx) => ctx.sleep(10));
    let followUp: TaskHandle<void> | undefined;
    void late.result.then(() => (followUp = tasks.submit((ctx) => ctx.sleep(10))));
    let ended = false;
    const end = closing.end().finally(() => (ended = true));
    await clock.advance(15);
    expect([followUp?.state, ended]).toEqual(['running', false]);
    await clock.advance(5);
    expect(await end).toMatchObject({ cut: 0, lost: 0, abandoned: [] });
    expect(followUp?.state).toBe('done');
  });

  it('says what was cut and lost, and why, the first ten by name', async () => {
    const { clock, closing, tasks, lines } = new TaskRig({ grace: 100, pool: { concurrency: 2 } });
    const now = clock.now();
    const cut = tasks.submit((ctx) => ctx.sleep(60_000), { name: 'report', retries: 3 });
    const retried = tasks.submit(
      async (ctx) => {
        await ctx.sleep(500);
        throw new Error('smtp down');
      },
      { name: 'mail', retries: 1, backoff: { initial: 60_000 } },
    );
    await drain();
    const more = Array.from({ length: 12 }, () => tasks.submit(() => undefined, { delay: 5_000, name: 'later' }));
    const report = closing.begin(Promise.resolve(), now + 1_000, now + 1_250);
    await clock.advance(1_000);
    expect(await report).toEqual({ drained: 0, cut: 1, lost: 13, handedBack: 0, abandoned: [] });
    await closing.end();
    expect(lines.filter((line) => line.includes(more[0]!.id))).toEqual([
      `task later (${more[0]!.id}) was lost: the app shut down before it began`,
    ]);
    expect(lines.filter((line) => line.includes(') was '))).toHaveLength(10);
    expect(lines).toEqual(
      expect.arrayContaining([
        '2 tasks more lost or cut as the app shut down: later',
        '1 task more lost or cut as the app shut down: report',
        '1 task more lost or cut as the app shut down: mail',
      ]),
    );
    expect([cut.state, retried.state]).toEqual(['cancelled', 'discarded']);
  });
});

it('a retry is told, the first and then once a minute, and its reason is in the status', async () => {
  const { clock, tasks, lines } = new TaskRig();
  const handle = tasks.submit(() => Promise.reject(new Error('smtp down')), {
    name: 'mail',
    retries: 20,
    backoff: { initial: 30_000, max: 30_000, jitter: 0 },
  });
  const { id } = handle;
  await drain();
  expect(lines).toEqual([`task mail (${id}) failed, attempt 1 of 21, next try in 30 s: smtp down`]);
  expect(await tasks.status(id)).toMatchObject({ state: 'retrying', attempt: 1, error: 'smtp down' });
  await clock.advance(60_000);
  expect(lines).toHaveLength(2);
  expect(lines[1]).toContain('failed (2 times within 60 s), attempt 3 of 21');
  handle.cancel();
});

it.each(['consume', 'stop', 'close'] as const)('a transport that throws in %s() is a line', async (call) => {
  const { app, lines, closing, clock } = new TaskRig();
  const fails = (): never => {
    throw new Error('not connected');
  };
  Object.assign(app.transport, { [call]: fails });
  app.consume();
  await closing.begin(Promise.resolve(), clock.now() + 1_000, clock.now() + 1_250);
  await closing.end();
  await drain();
  expect(lines).toEqual([expect.stringContaining('the task transport could not')]);
});
