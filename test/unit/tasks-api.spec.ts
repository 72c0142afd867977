import { AsyncLocalStorage } from 'node:async_hooks';
import { availableParallelism } from 'node:os';
import { describe, expect, it, vi } from 'vitest';
import type { TaskContext } from '../../lib/contract/tasks.js';
import type { HandlerOptions } from '../../lib/definition/task-options.js';
import { deferred } from '../../lib/shared/deferred.js';
import { drain } from '../support/fake-clock.js';
import { TaskRig, rejectionOf, type TaskRigOptions } from '../support/task-rig.js';

interface Mail {
  readonly to: string[];
  readonly attachment?: ArrayBuffer;
}

class Mailer {
  constructor(private readonly work: (mail: Mail, ctx: TaskContext) => unknown) {}

  send(mail: Mail, ctx: TaskContext): unknown {
    return this.work(mail, ctx);
  }
}

const MAIL = { to: ['ada'] };
const HOUR = 3_600_000;

/** An app with one handler. */
function rigWith(
  work: (mail: Mail, ctx: TaskContext) => unknown,
  options: HandlerOptions = {},
  rest: TaskRigOptions = {},
): TaskRig {
  const found = { subject: 'Mailer', method: 'send', options, classes: [Mailer], module: 'MailModule' };
  return new TaskRig({ ...rest, handlers: [{ ...found, target: new Mailer(work) }] });
}

describe('a full pool', () => {
  it('that gives up the oldest gives up the oldest of several', async () => {
    const { tasks } = new TaskRig({ pool: { concurrency: 1, queue: 3, onFull: 'discard-oldest' } });
    const stuck = deferred();
    tasks.submit(() => stuck.promise);
    await drain();
    const handles = [1, 2, 3, 4, 5].map((number) => tasks.submit(() => number));
    const states = (): string[] => handles.map(({ state }) => state);
    expect(states()).toEqual(['discarded', 'discarded', 'queued', 'queued', 'queued']);
    stuck.resolve();
    await drain();
    expect(states()).toEqual(['discarded', 'discarded', 'done', 'done', 'done']);
  });

  it('has as many slots as Python’s, and 1,000 places, unless it is told otherwise', async () => {
    const { tasks } = new TaskRig();
    const stuck = deferred();
    const slots = Math.min(32, availableParallelism() + 4);
    const handles = Array.from({ length: slots + 1_000 }, () => tasks.submit(() => stuck.promise));
    expect(() => tasks.submit(() => 1)).toThrow(expect.objectContaining({ code: 'BGW_QUEUE_FULL' }) as Error);
    await drain();
    expect(handles.filter(({ state }) => state === 'running')).toHaveLength(slots);
    stuck.resolve();
    await tasks.drain();
  });

  it('lets in who waits for room when a task that is queued is cancelled', async () => {
    const { tasks } = new TaskRig({ pool: { concurrency: 1, queue: 1 } });
    const stuck = deferred();
    tasks.submit(() => stuck.promise);
    const queued = tasks.submit(() => 1);
    const admitted = vi.fn();
    void tasks.submitWhenFree(() => 2).then(admitted);
    await drain();
    expect(admitted).not.toHaveBeenCalled();
    queued.cancel();
    await drain();
    expect(admitted).toHaveBeenCalledOnce();
    stuck.resolve();
    await tasks.drain();
  });
});

describe('a signal', () => {
  it('that is given to submitWhenFree() cancels the task while it runs', async () => {
    const { tasks } = new TaskRig();
    const over = new AbortController();
    const handle = await tasks.submitWhenFree((ctx) => ctx.sleep(1_000), { signal: over.signal });
    await drain();
    expect(handle.state).toBe('running');
    over.abort('why');
    await drain();
    expect(handle.state).toBe('cancelled');
    expect(await rejectionOf(handle.result)).toMatchObject({ why: 'cancelled', cause: 'why' });
  });

  it('that is given to map() cancels what runs', async () => {
    const rig = new TaskRig();
    const over = new AbortController();
    const all = rig.tasks.map([1, 2], (_, ctx) => ctx.sleep(1_000), { signal: over.signal });
    const first = rejectionOf(all[Symbol.asyncIterator]().next());
    await drain();
    over.abort('why');
    await drain();
    expect(rig.types().filter((type) => type === 'taskCancelled')).toHaveLength(2);
    expect(await first).toMatchObject({ why: 'cancelled', cause: 'why' });
  });

  it('that is given to run() cancels the task while it runs', async () => {
    const { tasks } = rigWith((_, ctx) => ctx.sleep(1_000));
    const over = new AbortController();
    const handle = tasks.run(Mailer, 'send', MAIL, { signal: over.signal });
    await drain();
    expect(handle.state).toBe('running');
    over.abort('why');
    await drain();
    expect(handle.state).toBe('cancelled');
  });
});

describe('a delay', () => {
  it('changes nothing about the context a task begins in', async () => {
    const { tasks, clock } = new TaskRig();
    const store = new AsyncLocalStorage<string>();
    const seen: unknown[] = [];
    store.run('request', () => {
      tasks.submit(() => seen.push(store.getStore()), { delay: 1, context: 'root' });
      tasks.submit(() => seen.push(store.getStore()), { delay: 2, context: 'inherit' });
    });
    await store.run('clock', () => clock.advance(2));
    expect(seen).toEqual([undefined, 'request']);
  });

  it('puts off what is run() here', async () => {
    const { tasks, clock } = rigWith(() => 'sent');
    const handle = tasks.run(Mailer, 'send', MAIL, { delay: 100 });
    await clock.advance(99);
    expect(handle.state).toBe('queued');
    await clock.advance(1);
    expect(handle.state).toBe('done');
  });

  it('puts off what is dispatched', async () => {
    const { tasks, clock } = rigWith(() => 'sent');
    const { id } = await tasks.dispatch(Mailer, 'send', MAIL, { delay: 100 });
    await clock.advance(99);
    expect(await tasks.status(id)).toMatchObject({ state: 'queued', attempt: 0 });
    await clock.advance(1);
    expect(await tasks.status(id)).toMatchObject({ state: 'done', attempt: 1 });
  });
});

describe('a handler', () => {
  it('is given what interceptors captured where it was dispatched', async () => {
    const store = new AsyncLocalStorage<string>();
    const seen: unknown[] = [];
    const rig = rigWith(
      (_, ctx) => seen.push(ctx.headers),
      {},
      {
        interceptors: [
          {
            capture: () => ({ trace: store.getStore() ?? 'none' }),
            around: (unit, next) => (seen.push(unit.headers), next()),
          },
        ],
      },
    );
    await store.run('of the request', () => rig.tasks.dispatch(Mailer, 'send', MAIL));
    await drain();
    expect(seen).toEqual([{ trace: 'of the request' }, { trace: 'of the request' }]);
  });

  it('is tried 20 times more, over about two days, when it is dispatched', async () => {
    const { tasks, clock } = rigWith(() => Promise.reject(new Error('no')));
    const { id } = await tasks.dispatch(Mailer, 'send', MAIL);
    await clock.advance(48 * HOUR);
    expect(await tasks.status(id)).toMatchObject({ state: 'retrying', attempt: 20 });
    await clock.advance(24 * HOUR);
    expect(await tasks.status(id)).toMatchObject({ state: 'failed', attempt: 21 });
  });

  it('is not tried again with what its schema refuses', async () => {
    const verdicts = [{ value: MAIL }, { issues: [{ message: 'refused here', path: ['to'] }] }];
    const validate = vi.fn(() => verdicts[validate.mock.calls.length - 1]!);
    const work = vi.fn();
    const { tasks } = rigWith(work, { payload: { '~standard': { version: 1, vendor: 'test', validate } } });
    const { id } = await tasks.dispatch(Mailer, 'send', MAIL);
    await drain();
    const error = expect.stringContaining('payload.to: refused here') as string;
    expect(await tasks.status(id)).toMatchObject({ state: 'failed', attempt: 1, error });
    expect(work).not.toHaveBeenCalled();
  });

  it('that is run() here gets a fresh copy of the payload at each attempt', async () => {
    const { tasks, clock } = rigWith(({ to }, { attempt }) => {
      to.push(`attempt ${attempt}`);
      if (attempt === 1) throw new Error('again');
      return to;
    });
    const mail = { to: ['ada'] };
    const handle = tasks.run(Mailer, 'send', mail, { retries: 1, backoff: { initial: 5 } });
    mail.to.push('too late');
    await clock.advance(5);
    expect(await handle.result).toEqual(['ada', 'attempt 2']);
  });

  it('that is run() here gets what is transferred, and the caller keeps nothing of it', async () => {
    const { tasks } = rigWith((mail) => [...new Uint8Array(mail.attachment!)]);
    const attachment = Uint8Array.of(1, 2, 3).buffer;
    const handle = tasks.run(Mailer, 'send', { to: [], attachment }, { transfer: [attachment] });
    expect(attachment.byteLength).toBe(0);
    expect(await handle.result).toEqual([1, 2, 3]);
  });
});

describe('a running task', () => {
  it('that is cancelled and fails is not tried again', async () => {
    const { tasks, clock } = new TaskRig();
    const gate = deferred();
    const fn = vi.fn(() => gate.promise);
    const handle = tasks.submit(fn, { retries: 3, backoff: { initial: 5 } });
    await drain();
    handle.cancel();
    gate.reject(new Error('no'));
    await clock.advance(100);
    expect([handle.state, fn.mock.calls.length]).toEqual(['failed', 1]);
  });

  it('tells its progress by events', async () => {
    const rig = new TaskRig();
    const { id, result } = rig.tasks.submit((ctx) => {
      ctx.progress(1);
      ctx.progress(2, 3);
    });
    await result;
    const at = rig.clock.wall();
    expect(rig.events.filter(({ type }) => type === 'taskProgress')).toEqual([
      { at, type: 'taskProgress', task: id, done: 1, total: undefined },
      { at, type: 'taskProgress', task: id, done: 2, total: 3 },
    ]);
  });
});

describe('what is remembered', () => {
  it('is the last 1,000 that have settled', async () => {
    const { tasks } = new TaskRig({ pool: { queue: 1_001 } });
    const ids = Array.from({ length: 1_001 }, () => tasks.submit(() => 1).id);
    await tasks.drain();
    expect(await tasks.status(ids[0]!)).toBeUndefined();
    expect(await tasks.status(ids[1]!)).toMatchObject({ state: 'done' });
  });

  it('is the last 1,000 that have failed, and is listed from the newest', async () => {
    const { tasks } = new TaskRig({ pool: { queue: 1_001 } });
    const fail = (): never => {
      throw new Error('no');
    };
    for (let number = 1; number <= 1_001; number++) tasks.submit(fail, { name: `nr ${number}` });
    await tasks.drain();
    const names = async (limit?: number): Promise<readonly string[]> =>
      (await tasks.failed({ limit })).map(({ name }) => name);
    expect(await names(2)).toEqual(['nr 1001', 'nr 1000']);
    expect(await names()).toHaveLength(100);
    expect((await names(5_000)).at(-1)).toBe('nr 2');
  });
});
