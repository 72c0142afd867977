import { AsyncLocalStorage } from 'node:async_hooks';
import { describe, expect, it } from 'vitest';
import type { TickContext } from '../../lib/contract/contexts.js';
import { deferred } from '../../lib/shared/deferred.js';
import { Rig, outcome, tick } from './rig.js';

describe('a tick', () => {
  it.each<[string, () => unknown]>([
    ['returns', () => 5],
    ['resolves', () => Promise.resolve()],
  ])('that %s goes on with its schedule', async (_, run) => {
    const rig = await tick(run, { every: 1_000 });
    expect(rig.handle.state).toMatchObject({ status: 'waiting', on: 'schedule', until: rig.clock.now() + 1_000 });
    await rig.handle.stop();
  });

  it('that throws fails, and the schedule goes on; a good one counts from 0', async () => {
    let runs = 0;
    const rig = await tick(
      () => {
        if (++runs < 3) throw new Error(`no ${runs}`);
      },
      { every: 1_000, maxFailures: 3 },
    );
    await rig.clock.advance(1_000);
    expect(rig.handle.state).toMatchObject({ on: 'schedule', failures: 2, error: new Error('no 2') });
    expect(rig.seen('incarnationFailed').map(({ retryIn }) => retryIn)).toEqual([1_000, 1_000]);
    await rig.clock.advance(1_000);
    expect(rig.handle.state).toMatchObject({ on: 'schedule', failures: 0, incarnation: 1 });
    await rig.handle.stop();
  });

  it('that fails maxFailures times in a row is failed', async () => {
    const rig = await tick(() => Promise.reject(new Error('no')), { every: 1_000, maxFailures: 3 });
    await rig.clock.advance(10_000);
    expect(rig.handle.state).toMatchObject({ status: 'failed', failures: 3 });
    expect(rig.seen('unitStarted')).toHaveLength(3);
    expect(rig.clock.pending).toBe(0);
  });

  it('drains at stop, and is cut only cancelGrace before the deadline', async () => {
    const rig = await tick((ctx) => ctx.sleep(60_000), { every: 1_000, stopTimeout: 4_000, cancelGrace: 1_000 });
    const stop = outcome(rig.handle.stop());
    await rig.clock.advance(2_999);
    expect(stop.state).toBe('pending');
    await rig.clock.advance(1);
    expect(stop).toMatchObject({ state: 'resolved', value: { stopped: ['rig'], ms: 3_000 } });
    expect(rig.seen('failedWhileStopping')).toEqual([]);
  });

  it('is overdue once, and says for how long', async () => {
    const work = deferred();
    const rig = await tick(() => work.promise, { every: 1_000 });
    await rig.clock.advance(59_999);
    expect(rig.seen('overdue')).toEqual([]);
    await rig.clock.advance(600_000);
    expect(rig.seen('overdue')).toMatchObject([{ sinceMs: 60_000 }]);
    work.resolve();
    await rig.handle.stop();
  });

  it('that sleeps long beats, and one that hangs stalls', async () => {
    const sleeper = await tick((ctx) => ctx.sleep(30_000), { every: 60_000, heartbeatTimeout: 1_000 });
    await sleeper.clock.advance(30_000);
    expect(sleeper.seen('stalled')).toEqual([]);
    await sleeper.handle.stop();
    const work = deferred();
    const hung = await tick(() => work.promise, { every: 60_000, heartbeatTimeout: 1_000 });
    await hung.clock.advance(60_000);
    expect(hung.seen('stalled')).toHaveLength(1);
    expect(hung.handle.state).toMatchObject({ status: 'waiting', on: 'body' });
    work.resolve();
    await hung.handle.stop();
  });

  it('reports that it ended to the one who triggered it', async () => {
    const results = [deferred(), deferred()];
    let runs = 0;
    const rig = await tick(() => results[runs++]?.promise, { every: { rate: 60_000, initialDelay: 60_000 } });
    const [first, second] = [outcome(rig.handle.trigger()), outcome(rig.handle.trigger())];
    await rig.clock.advance(0);
    expect([first.state, runs]).toEqual(['pending', 1]);
    results[0]?.resolve();
    await rig.clock.advance(0);
    expect([first.state, runs]).toEqual(['resolved', 2]);
    results[1]?.reject(new Error('no'));
    await rig.clock.advance(0);
    expect(second).toMatchObject({ state: 'rejected', error: new Error('no') });
    await rig.handle.stop();
  });

  it('coalesces triggers that come while one runs', async () => {
    const work = deferred();
    let runs = 0;
    const rig = await tick(() => (runs++ === 0 ? work.promise : undefined), { every: 60_000 });
    const triggers = [1, 2, 3].map(() => outcome(rig.handle.trigger()));
    work.resolve();
    await rig.clock.advance(0);
    expect(runs).toBe(2);
    expect(triggers.map(({ state }) => state)).toEqual(Array(3).fill('resolved'));
    await rig.handle.stop();
  });
});

describe('a tick with a timeout', () => {
  it('fails at once; the next waits until the function has settled', async () => {
    const work = deferred();
    let runs = 0;
    const rig = await tick(() => (runs++ === 0 ? work.promise : undefined), { every: 1_000, timeout: 300 });
    await rig.clock.advance(300);
    expect(rig.seen('incarnationFailed')).toMatchObject([{ error: { why: 'timeout' } }]);
    await rig.clock.advance(5_200);
    expect([runs, rig.handle.state]).toMatchObject([1, { status: 'waiting', on: 'body', failures: 1 }]);
    work.resolve();
    await rig.clock.advance(0);
    expect(rig.seen('lateSettlement')).toHaveLength(1);
    expect([runs, rig.handle.state]).toMatchObject([2, { status: 'waiting', on: 'schedule', failures: 0 }]);
    await rig.handle.stop();
  });

  it('tells the one who triggered it at once', async () => {
    const work = deferred();
    const rig = await tick(() => work.promise, { every: { rate: 60_000, initialDelay: 60_000 }, timeout: 300 });
    const trigger = outcome(rig.handle.trigger());
    await rig.clock.advance(300);
    expect(trigger).toMatchObject({ state: 'rejected', error: { why: 'timeout' } });
    const stop = outcome(rig.handle.stop());
    await rig.clock.advance(15_000);
    expect(stop).toMatchObject({ state: 'resolved', value: { abandoned: ['rig'] } });
    work.resolve();
    await rig.clock.advance(0);
  });

  it('that ends in time leaves no timer', async () => {
    const rig = await tick((ctx) => ctx.sleep(100), { every: 10_000, timeout: 300 });
    await rig.clock.advance(100);
    await rig.handle.stop();
    expect([rig.seen('incarnationFailed'), rig.clock.pending]).toEqual([[], 0]);
  });
});

const local = new AsyncLocalStorage<string>();
const crash = (): never => {
  throw new Error('no');
};
const refuse = (): Promise<unknown> => Promise.reject(new Error('no database'));
const swallow = (_: unknown, next: () => Promise<unknown>): Promise<unknown> => next().catch(() => 'ok');

describe('interceptors around a tick', () => {
  it('are an onion, the first outermost, and see what the work does', async () => {
    const log: string[] = [];
    const layer = (name: string) => ({
      async around(_: unknown, next: () => Promise<unknown>): Promise<unknown> {
        log.push(`${name}>`);
        try {
          return await local.run(name, next);
        } finally {
          log.push(`<${name}`);
        }
      },
    });
    const run = (): void => void log.push(`run in ${local.getStore()}`);
    const rig = await new Rig({ every: 1_000 }, { run }, [layer('a'), layer('b')]).started();
    expect(log).toEqual(['a>', 'b>', 'run in b', '<b', '<a']);
    await rig.handle.stop();
  });

  it('can fail it, and one that swallows its error makes it succeed', async () => {
    const failing = await new Rig({ every: 1_000 }, { run: () => 1 }, [{ around: refuse }]).started();
    expect(failing.handle.state).toMatchObject({ failures: 1 });
    await failing.handle.stop();
    const calm = await new Rig({ every: 1_000 }, { run: crash }, [{ around: swallow }]).started();
    expect(calm.handle.state).toMatchObject({ failures: 0 });
    await calm.handle.stop();
  });
});

const inUnit = (_: unknown, next: () => Promise<unknown>): Promise<unknown> => local.run('unit', next);

describe('the context of an error', () => {
  it('is that of the failure it belongs to, not of one before it', async () => {
    const places: (string | undefined)[] = [];
    let runs = 0;
    const work = deferred();
    const run = async (ctx: TickContext): Promise<void> => {
      if (++runs === 2) await work.promise;
      else if (runs === 1) await ctx.sleep(50).then(crash);
    };
    const around = (_: unknown, next: () => Promise<unknown>): Promise<unknown> => local.run(`run ${runs + 1}`, next);
    const onError = (): void => void places.push(local.getStore());
    const rig = await new Rig({ every: 60_000, heartbeatTimeout: 100 }, { run }, [{ around }], onError).started();
    const stop = outcome(rig.handle.stop());
    await rig.clock.advance(50);
    expect([stop.state, rig.seen('failedWhileStopping').length]).toEqual(['resolved', 1]);
    await rig.handle.start();
    await rig.clock.advance(200);
    expect(rig.seen('stalled')).toHaveLength(1);
    expect(places).not.toContain('run 1');
    work.resolve();
    await rig.handle.stop();
  });

  it('is where onError is called', async () => {
    const places: (string | undefined)[] = [];
    const onError = (): void => void places.push(local.getStore());
    const rig = await new Rig({ every: 60_000 }, { run: crash }, [{ around: inUnit }], onError).started();
    expect(places).toEqual(['unit']);
    await rig.handle.stop();
  });
});
