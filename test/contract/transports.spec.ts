import { describe, expect, it } from 'vitest';
import { MemoryTransport } from '../../lib/tasks/wire/memory-transport.js';
import { deferred } from '../../lib/shared/deferred.js';
import { FakeBroker, FakeBrokerTransport } from '../support/fake-broker.js';
import { drain } from '../support/fake-clock.js';
import { rejectionOf, type TaskRig } from '../support/task-rig.js';
import { Jobs, describeTransport, jobs } from './support/transport.js';

describeTransport('in memory', () => new MemoryTransport());
describeTransport('of a fake broker', () => new FakeBrokerTransport(new FakeBroker()));

/** Begins the end of an app that may take 10 s. */
const ending = ({ closing, clock }: TaskRig): ReturnType<TaskRig['closing']['begin']> =>
  closing.begin(Promise.resolve(), clock.now() + 8_000, clock.now() + 10_000);

describe('what waits in memory for the app to have booted', () => {
  it('is lost where that never comes, and named', async () => {
    const rig = jobs(new MemoryTransport(), () => undefined, {}, { booted: false });
    const { id } = await rig.tasks.dispatch(Jobs, 'job');
    expect(await rig.tasks.status(id)).toMatchObject({ state: 'queued', attempt: 0 });
    await ending(rig);
    await rig.closing.end();
    expect(rig.lines.filter((line) => line.includes('was lost'))).toEqual([
      `task job (${id}) was lost: the app shut down before it had booted`,
    ]);
  });
});

describe('what a broker owns', () => {
  it('is delivered again after a crash, to another process, with its attempts counted', async () => {
    const broker = new FakeBroker();
    const dead = new FakeBrokerTransport(broker);
    const first = jobs(dead, () => new Promise(() => undefined), { retries: 3 });
    await first.tasks.dispatch(Jobs, 'job');
    await drain();
    const seen: number[] = [];
    const second = jobs(new FakeBrokerTransport(broker), (_, { attempt }) => seen.push(attempt), { retries: 3 });
    broker.lose(dead);
    await drain();
    expect(seen).toEqual([2]);
    expect([...first.lines, ...second.lines]).toEqual([]);
    expect([broker.waiting, broker.out.size]).toEqual([[], 0]);
  });

  it('is handed back at stop where it has not begun, uncharged, and is not lost', async () => {
    const broker = new FakeBroker();
    const transport = new FakeBrokerTransport(broker, 3);
    const gate = deferred();
    const rig = jobs(transport, () => gate.promise, {}, { pool: { concurrency: 1 } });
    Object.defineProperty(transport, 'hasRoom', { get: () => transport.taken.size < 3 });
    for (let nr = 0; nr < 3; nr += 1) await rig.tasks.dispatch(Jobs, 'job', nr);
    await drain();
    const report = ending(rig);
    await drain();
    expect(transport.ends).toEqual(['handedBack', 'handedBack']);
    expect(broker.waiting.map(({ attempt }) => attempt)).toEqual([1, 1]);
    gate.resolve();
    expect(await report).toMatchObject({ drained: 1, lost: 0, handedBack: 2, abandoned: [] });
    await rig.closing.end();
    expect(rig.lines).toEqual([]);
    expect(rig.types().filter((type) => type === 'taskHandedBack')).toHaveLength(2);
    expect(rig.types()).not.toContain('taskDiscarded');
  });

  it('is handed back where it is cut at the end, and charged where it fails then', async () => {
    const broker = new FakeBroker();
    const transport = new FakeBrokerTransport(broker);
    const rig = jobs(transport, async (payload, ctx) => {
      await ctx.sleep(60_000).catch((error: unknown) => {
        throw payload === 'cut' ? error : new Error('no disk');
      });
    });
    await rig.tasks.dispatch(Jobs, 'job', 'cut');
    await rig.tasks.dispatch(Jobs, 'job', 'fails');
    await drain();
    const report = ending(rig);
    await rig.clock.advance(8_000);
    expect((await report).cut).toBe(0);
    expect(transport.ends).toEqual(['handedBack', 'failed']);
    expect(rig.lines.filter((line) => /lost|for good|cut:/.test(line))).toEqual([]);
    await rig.closing.end();
  });

  it('that comes while the app stops goes back at once', async () => {
    const transport = new FakeBrokerTransport(new FakeBroker());
    const rig = jobs(transport, () => undefined);
    const stopping = deferred();
    transport.slow = { stop: () => stopping.promise };
    const report = ending(rig);
    await rig.tasks.dispatch(Jobs, 'job');
    const lying = transport.broker.waiting.shift()!;
    transport.broker.out.set(lying, transport);
    transport.take(lying);
    await drain();
    expect(transport.ends).toEqual(['handedBack']);
    stopping.resolve();
    await report;
    await rig.closing.end();
  });

  it('and no handler here knows is kept for 5 s and handed back, uncharged; at once where the app stops', async () => {
    const broker = new FakeBroker();
    const transport = new FakeBrokerTransport(broker);
    const rig = jobs(transport, () => undefined);
    const message = { id: 'x', name: 'of a newer version', payload: undefined, headers: {} };
    const sending = { retries: 3, backoff: { initial: 1, factor: 2, max: 1, jitter: 0, resetAfter: 1 } };
    await transport.send(message, sending);
    await rig.clock.advance(4_999);
    expect(transport.ends).toEqual([]);
    await rig.clock.advance(1);
    expect(transport.ends).toEqual(['handedBack']);
    expect(rig.types().filter((type) => type === 'taskUnknownHandler')).toHaveLength(2);
    expect([...broker.out.keys()].map(({ attempt }) => attempt)).toEqual([1]);
    const report = ending(rig);
    await drain();
    expect(transport.ends).toEqual(['handedBack', 'handedBack']);
    await report;
    expect(broker.waiting.map(({ attempt }) => attempt)).toEqual([1]);
    await rig.closing.end();
  });

  it('and is delivered twice runs once at a time', async () => {
    const broker = new FakeBroker();
    const transport = new FakeBrokerTransport(broker);
    const gates = [deferred(), deferred()];
    const seen: number[] = [];
    const rig = jobs(transport, async (_, { attempt }) => {
      seen.push(attempt);
      await gates[attempt - 1]!.promise;
    });
    await rig.tasks.dispatch(Jobs, 'job');
    await drain();
    broker.lose(transport);
    await transport.consume();
    await drain();
    expect(seen).toEqual([1]);
    gates[0]!.resolve();
    await drain();
    expect(seen).toEqual([1, 2]);
    gates[1]!.resolve();
    await drain();
    expect([broker.waiting, broker.out.size]).toEqual([[], 0]);
  });

  it('and is cancelled by the transport tells it by the signal', async () => {
    const transport = new FakeBrokerTransport(new FakeBroker());
    const rig = jobs(transport, (_, ctx) => ctx.sleep(60_000));
    const { id } = await rig.tasks.dispatch(Jobs, 'job');
    await drain();
    transport.taken.get(id)!.cancel();
    await drain();
    expect(transport.ends).toEqual(['cancelled']);
    expect(rig.lines).toEqual([]);
  });

  it('and has timed out for good is not answered before its function has settled', async () => {
    const transport = new FakeBrokerTransport(new FakeBroker());
    const gate = deferred();
    const rig = jobs(transport, () => gate.promise, { timeout: 10, retries: 0 });
    await rig.tasks.dispatch(Jobs, 'job');
    await rig.clock.advance(1_000);
    expect(transport.ends).toEqual([]);
    gate.resolve();
    await drain();
    expect(transport.ends).toEqual(['failedForGood']);
    expect(transport.broker.failed).toHaveLength(1);
  });

  it('waits for room that submitted tasks have taken, and is handed back by drain({ cancelQueued })', async () => {
    const broker = new FakeBroker();
    const transport = new FakeBrokerTransport(broker);
    const gate = deferred();
    const seen: unknown[] = [];
    const rig = jobs(transport, (payload) => seen.push(payload), {}, { pool: { concurrency: 1, queue: 0 } });
    rig.tasks.submit(() => gate.promise);
    await rig.tasks.dispatch(Jobs, 'job', 1);
    await drain();
    expect(seen).toEqual([]);
    broker.leave(transport);
    void rig.tasks.drain({ cancelQueued: true });
    await drain();
    expect(transport.ends).toEqual(['handedBack']);
    await transport.consume();
    gate.resolve();
    await drain();
    expect(seen).toEqual([1]);
  });

  it('is asked of the broker once it has left, and what that cannot tell is said', async () => {
    const transport = new FakeBrokerTransport(new FakeBroker());
    const rig = jobs(transport, () => Promise.reject(new Error('no')), { retries: 0 });
    const { id } = await rig.tasks.dispatch(Jobs, 'job');
    await drain();
    const code = 'BGW_NOT_SUPPORTED';
    expect(await rejectionOf(rig.tasks.status(id))).toMatchObject({ code });
    expect(await rejectionOf(rig.tasks.retry(id))).toMatchObject({ code });
    expect(await rejectionOf(rig.tasks.failed())).toMatchObject({ code });
    expect(await rejectionOf(rig.tasks.dispatch(Jobs, 'job', 1, { transaction: {} }))).toMatchObject({
      code,
      message: expect.stringContaining('FakeBrokerTransport cannot do dispatch(…, { transaction })') as string,
    });
  });

  it('and is no envelope that is understood is set aside', async () => {
    const broker = new FakeBroker();
    jobs(new FakeBrokerTransport(broker), () => undefined);
    const envelope = { v: 1, id: 'a', name: 'job', headers: {} };
    const texts = ['{', '5', { ...envelope, v: 2 }, { ...envelope, id: 7 }, { ...envelope, payload: 5 }];
    for (const text of [...texts, { ...envelope, headers: { a: 1 } }, { ...envelope, more: 'of a later version' }])
      broker.put({ text: typeof text === 'string' ? text : JSON.stringify(text), attempt: 1, tries: 1 });
    await drain();
    expect(broker.poison).toEqual([
      'it is no JSON object',
      'it is no JSON object',
      "its envelope's version is 2; this version reads 1",
      'it has no id or no handler’s name',
      'its payload is no JSON text',
      'its headers are no strings',
    ]);
    expect([broker.waiting, broker.failed, broker.out.size]).toEqual([[], [], 0]);
  });

  it('and whose payload is no JSON is not tried again', async () => {
    const transport = new FakeBrokerTransport(new FakeBroker());
    jobs(transport, () => undefined);
    transport.broker.put({
      text: JSON.stringify({ v: 1, id: 'a', name: 'job', payload: '{', headers: {} }),
      attempt: 1,
      tries: 9,
    });
    await drain();
    expect(transport.ends).toEqual(['failedForGood']);
  });
});

describe('the end of a transport', () => {
  it('is waited for, stop() before close()', async () => {
    const transport = new FakeBrokerTransport(new FakeBroker());
    const rig = jobs(transport, () => undefined);
    const [stop, close] = [deferred(), deferred()];
    transport.slow = { stop: () => stop.promise, close: () => close.promise };
    const seen: string[] = [];
    const over = ending(rig).then(async () => {
      seen.push('begun');
      await rig.closing.end();
      seen.push('ended');
    });
    await rig.clock.advance(300);
    expect([seen, transport.calls.slice(2)]).toEqual([[], ['stop']]);
    stop.resolve();
    await rig.clock.advance(300);
    expect([seen, transport.calls.slice(3)]).toEqual([['begun'], ['stopped', 'close']]);
    close.resolve();
    await over;
    expect([seen, transport.calls.slice(5)]).toEqual([['begun', 'ended'], ['closed']]);
    expect(rig.lines).toEqual([]);
  });

  it('that never comes is bounded by the deadline, and named', async () => {
    const transport = new FakeBrokerTransport(new FakeBroker());
    const rig = jobs(transport, () => undefined);
    const never = (): Promise<void> => new Promise(() => undefined);
    transport.slow = { stop: never, close: never };
    const begun = rig.clock.now();
    let ended = 0;
    const over = ending(rig)
      .then(() => rig.closing.end())
      .then(() => (ended = rig.clock.now() - begun));
    await rig.clock.advance(7_999);
    expect(transport.calls.slice(2)).toEqual(['stop']);
    await rig.clock.advance(2_001);
    await over;
    expect(ended).toBe(10_000);
    expect(transport.calls.slice(2)).toEqual(['stop', 'close']);
    expect(rig.lines).toEqual([
      'the task transport FakeBrokerTransport did not stop taking tasks in time: it is left behind',
      'the task transport FakeBrokerTransport did not close in time: it is left behind',
    ]);
  });

  it('has time to close, though stop() never ends', async () => {
    const transport = new FakeBrokerTransport(new FakeBroker());
    const rig = jobs(transport, () => undefined);
    const slow = (): Promise<void> => new Promise((resolve) => rig.clock.after(900, resolve));
    transport.slow = { stop: () => new Promise(() => undefined), close: slow };
    const over = ending(rig).then(() => rig.closing.end());
    await rig.clock.advance(10_000);
    await over;
    expect(transport.calls.slice(2)).toEqual(['stop', 'close', 'closed']);
    expect(rig.lines).toEqual([expect.stringContaining('did not stop taking tasks in time')]);
  });

  it('has a second of its own, though a late task takes all of the time', async () => {
    const transport = new FakeBrokerTransport(new FakeBroker());
    const rig = jobs(transport, () => undefined);
    transport.slow = { close: () => new Promise<void>((resolve) => rig.clock.after(900, resolve)) };
    await ending(rig);
    rig.tasks.submit(() => new Promise(() => undefined));
    const end = rig.closing.end();
    await rig.clock.advance(10_000);
    expect((await end)?.abandoned).toHaveLength(1);
    expect(transport.calls.at(-1)).toBe('closed');
    expect(rig.lines.filter((line) => line.includes('in time'))).toEqual([]);
  });
});
