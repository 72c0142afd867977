import { NEVER, Observable, Subject, of, throwError } from 'rxjs';
import { describe, expect, it, vi } from 'vitest';
import { drive, type Driven } from '../../lib/execution/drive.js';
import { drain } from '../support/fake-clock.js';
import { loop, outcome } from './rig.js';

class FakeDriven implements Driven {
  beats = 0;
  private readonly callbacks: (() => void)[] = [];
  private stop = false;

  beat(): void {
    this.beats += 1;
  }

  asked(): boolean {
    return this.stop;
  }

  onAsk(callback: () => void): void {
    if (this.stop) callback();
    else this.callbacks.push(callback);
  }

  ask(): void {
    this.stop = true;
    for (const callback of this.callbacks) callback();
  }
}

const error = new Error('crash');

async function* generator(body: FakeDriven, log: string[]): AsyncGenerator<number> {
  try {
    for (let n = 0; n < 3; n++) {
      yield n;
      log.push(`after ${n}`);
      if (n === 1) body.ask();
    }
  } finally {
    log.push('finally');
  }
}

describe('drive', () => {
  it.each<[string, () => unknown]>([
    ['a promise', () => Promise.resolve(1)],
    ['nothing', () => undefined],
    ['a value', () => 'abc'],
    ['an array, which is no generator', () => [error]],
    ['an Observable that completes', () => of(1, 2)],
    ['a thenable', () => ({ then: (done: () => void) => done() })],
    ['a promise of an Observable', () => Promise.resolve(of(1))],
  ])('ends with %s', async (_, make) => {
    await expect(drive(make(), new FakeDriven())).resolves.toBeUndefined();
  });

  it.each<[string, () => unknown]>([
    ['a promise', () => Promise.reject(error)],
    ['an Observable', () => throwError(() => error)],
    [
      'an Observable whose subscribe throws',
      () => ({
        subscribe() {
          throw error;
        },
      }),
    ],
    [
      'a generator',
      () =>
        (async function* () {
          yield 1;
          throw error;
        })(),
    ],
    [
      'a sync generator',
      () =>
        (function* () {
          yield 1;
          throw error;
        })(),
    ],
  ])('fails with %s', async (_, make) => {
    await expect(drive(make(), new FakeDriven())).rejects.toBe(error);
  });

  it('takes each yield as a sign of life, and ends a generator at one after stop was asked', async () => {
    const body = new FakeDriven();
    const log: string[] = [];
    await drive(generator(body, log), body);
    expect(log).toEqual(['after 0', 'after 1', 'finally']);
    expect(body.beats).toBe(3);
  });

  it('iterates a sync generator and awaits what it yields', async () => {
    const body = new FakeDriven();
    await drive(
      (function* () {
        yield Promise.resolve(1);
        yield 2;
      })(),
      body,
    );
    expect(body.beats).toBe(2);
  });

  it('unsubscribes an Observable when stop is asked', async () => {
    const body = new FakeDriven();
    const subject = new Subject<number>();
    const end = outcome(drive(subject, body));
    subject.next(1);
    subject.next(2);
    expect(body.beats).toBe(2);
    body.ask();
    await drain();
    expect([end.state, subject.observed]).toEqual(['resolved', false]);
  });

  it('does not hang on an Observable that is subscribed to after stop was asked', async () => {
    const body = new FakeDriven();
    body.ask();
    await drive(NEVER, body);
    expect(body.asked()).toBe(true);
  });

  it('knows an Observable of another copy of rxjs by its methods', async () => {
    const unsubscribe = vi.fn<() => void>();
    const foreign = {
      subscribe(observer: { next(value: number): void }) {
        observer.next(1);
        return { unsubscribe };
      },
    };
    expect(foreign).not.toBeInstanceOf(Observable);
    const body = new FakeDriven();
    const end = outcome(drive(foreign, body));
    await drain();
    expect([body.beats, end.state]).toEqual([1, 'pending']);
    body.ask();
    await drain();
    expect(end.state).toBe('resolved');
    expect(unsubscribe).toHaveBeenCalledOnce();
  });
});

describe('run that returns', () => {
  it('an Observable is stopped by unsubscribing, and completes as completed', async () => {
    const subject = new Subject<void>();
    const rig = await loop(() => subject);
    expect(rig.handle.state.status).toBe('running');
    await rig.handle.stop();
    expect([subject.observed, rig.handle.state]).toMatchObject([false, { status: 'stopped', reason: 'requested' }]);
    await rig.handle.start();
    subject.complete();
    await rig.handle.join();
    expect(rig.handle.state).toMatchObject({ status: 'stopped', reason: 'completed' });
  });

  it('a generator is never cut in the middle', async () => {
    const log: string[] = [];
    const rig = await loop(async function* (ctx) {
      for (;;) {
        log.push('begin');
        await ctx.unitOfWork((unit) => unit.sleep(100));
        log.push('end');
        yield;
      }
    });
    await rig.clock.advance(150);
    const stop = outcome(rig.handle.stop());
    await rig.clock.advance(50);
    expect(stop.state).toBe('resolved');
    expect(log).toEqual(['begin', 'end', 'begin', 'end']);
  });
});
