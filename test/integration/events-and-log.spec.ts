import { filter, map, type Subscription } from 'rxjs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { BackgroundWorker, type TickContext, type WorkerContext, type WorkerEvent } from '../../lib/index.js';
import { bootWith, until } from './support/app.js';

const uncaught: unknown[] = [];
const onUncaught = (error: unknown): void => void uncaught.push(error);
const subscriptions: Subscription[] = [];

beforeEach(() => void process.on('uncaughtException', onUncaught));
afterEach(() => {
  process.off('uncaughtException', onUncaught);
  for (const subscription of subscriptions.splice(0)) subscription.unsubscribe();
  expect(uncaught.splice(0)).toEqual([]);
});

@BackgroundWorker({ every: { rate: 60_000, initialDelay: 50_000 } })
class TickWorker {
  run(_ctx: TickContext): void {}
}

@BackgroundWorker()
class LoopWorker {
  run(ctx: WorkerContext): Promise<void> {
    return ctx.sleep(60_000);
  }
}

function thrower(): never {
  throw new Error('bad subscriber');
}

describe('events$', () => {
  it('goes on for the others when a subscriber throws, direct or piped, and that is logged', async () => {
    const { workers, lines } = await bootWith([TickWorker]);
    const seen: string[] = [];
    subscriptions.push(
      workers.events$.subscribe(thrower),
      workers.events$.pipe(map(thrower)).subscribe(),
      workers.events$.pipe(filter(({ type }) => type === 'stateChanged')).subscribe({ next: thrower }),
      workers.events$.subscribe(({ type }) => seen.push(type)),
    );
    await workers.get('tick').trigger();
    await workers.get('tick').trigger();
    await until('the second run is over', () => seen.length === 8);
    const run = ['stateChanged', 'unitStarted', 'unitCompleted', 'stateChanged'];
    expect(seen).toEqual([...run, ...run]);
    expect(lines.of('error').length).toBeGreaterThanOrEqual(3);
    expect(lines.of('error').every((text) => text.includes('subscriber'))).toBe(true);
  });

  it('tells every state change from the first, until the worker has stopped', async () => {
    const { app, workers, handle } = await bootWith([LoopWorker]);
    const events: WorkerEvent[] = [];
    subscriptions.push(workers.events$.subscribe((event) => events.push(event)));
    await handle().pause();
    await handle().resume();
    await handle().restart();
    await app.close();
    const changes = events.flatMap((event) => (event.type === 'stateChanged' ? [event] : []));
    expect(changes.map(({ from, to }) => `${from.status} ${to.status}`)).toEqual([
      'running stopping',
      'stopping paused',
      'paused running',
      'running stopping',
      'stopping running',
      'running stopping',
      'stopping stopped',
    ]);
    for (const [index, change] of changes.slice(1).entries()) expect(change.from).toEqual(changes[index]!.to);
    expect(changes.every(({ worker, at }) => worker === 'loop' && Math.abs(at - Date.now()) < 60_000)).toBe(true);
  });
});

describe('the log', () => {
  it('has one line a state change, and one of the whole stop', async () => {
    const { app, lines, handle } = await bootWith([LoopWorker]);
    await handle().restart();
    await app.close();
    expect(lines.of('log', 'warn', 'error')).toEqual([
      'loop is running',
      'loop is stopping, then: restart',
      'loop is running (incarnation 2)',
      'loop is stopping',
      'loop stopped',
      expect.stringMatching(/^all workers stopped in \d+\.\d s: loop$/),
    ]);
  });

  it('has schedule and tick changes at verbose only', async () => {
    const { lines, handle } = await bootWith([TickWorker]);
    const before = lines.of('log');
    await handle().trigger();
    await handle().trigger();
    expect(lines.of('log')).toEqual(before);
    expect(lines.of('verbose').filter((text) => text === 'tick is running')).toHaveLength(2);
    expect(lines.of('verbose').filter((text) => text === 'tick waits for its next run').length).toBeGreaterThan(0);
  });

  it('sums repeated failures up: the first is told with its stack, the next hundred are not', async () => {
    let runs = 0;
    @BackgroundWorker({ backoff: { initial: 1, max: 1 } })
    class FailingWorker {
      run(_ctx: WorkerContext): Promise<void> {
        runs += 1;
        return Promise.reject(new Error('connection refused'));
      }
    }
    const { lines } = await bootWith([FailingWorker]);
    await until('a hundred failures', () => runs > 100);
    expect(lines.of('error')).toEqual([
      expect.stringMatching(/^failing failed, next try in .* s: connection refused$/),
    ]);
    expect(lines.of('warn')).toEqual([]);
  });
});
