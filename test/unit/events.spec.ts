import { Logger } from '@nestjs/common';
import { Observable, Subject, filter, map, mergeMap } from 'rxjs';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { WorkerEvent } from '../../lib/contract/events.js';
import { EventHub } from '../../lib/events/event-hub.js';
import { startLog } from '../../lib/events/log/log.js';
import { eventStream } from '../../lib/events/event-stream.js';
import { FakeClock, drain } from '../support/fake-clock.js';
import { strays } from './rig.js';

const clock = new FakeClock();
let reported: unknown[];
let hub: EventHub;
let events$: Observable<WorkerEvent>;
let last: ReturnType<typeof strays>;

beforeEach(() => {
  reported = [];
  hub = new EventHub(clock, (error) => reported.push(error));
  events$ = eventStream(hub, (error) => reported.push(error));
  last = strays();
});
afterEach(() => last.end());

const emit = (): void => hub.emit({ worker: 'w' }, { type: 'abandoned' });
const boom = (): never => {
  throw new Error('boom');
};

describe('events$', () => {
  it('tells every subscriber, with time and worker', () => {
    const seen: WorkerEvent[] = [];
    const subscription = events$.subscribe((event) => seen.push(event));
    emit();
    expect(seen).toEqual([{ type: 'abandoned', worker: 'w', at: clock.wall() }]);
    subscription.unsubscribe();
    emit();
    expect(seen).toHaveLength(1);
  });

  it.each<[string, () => unknown]>([
    ['a function', () => events$.subscribe(boom)],
    ['an observer', () => events$.subscribe({ next: boom })],
    ['the end of a pipe', () => events$.pipe(map((event) => event.type)).subscribe(boom)],
    [
      'the end of a long pipe',
      () =>
        events$
          .pipe(
            filter(() => true),
            map(() => 1),
            filter(() => true),
          )
          .subscribe(boom),
    ],
    ['map()', () => events$.pipe(map(boom)).subscribe()],
    [
      'filter()',
      () =>
        events$
          .pipe(
            filter(boom),
            map(() => 1),
          )
          .subscribe(() => undefined),
    ],
    ['mergeMap()', () => events$.pipe(mergeMap(boom)).subscribe({ next: () => undefined })],
    ['error()', () => events$.pipe(map(boom)).subscribe({ error: boom })],
  ])('isolates what is thrown in %s', async (_, subscribe) => {
    const before = vi.fn<() => void>();
    const after = vi.fn<() => void>();
    events$.subscribe(before);
    subscribe();
    events$.subscribe(after);
    emit();
    await drain();
    emit();
    await drain();
    expect([before.mock.calls.length, after.mock.calls.length]).toEqual([2, 2]);
    expect(reported[0]).toEqual(new Error('boom'));
    expect(last.seen).toEqual([]);
  });

  it('gives an error in map() to an error handler, and to nobody else', () => {
    const error = vi.fn<(error: unknown) => void>();
    events$.pipe(map(boom)).subscribe({ error });
    emit();
    expect(error).toHaveBeenCalledExactlyOnceWith(new Error('boom'));
    expect(reported).toEqual([]);
  });

  it('keeps `this` of an observer, and can feed a Subject', () => {
    const seen: unknown[] = [];
    class Collector {
      readonly types: string[] = [];
      next(event: WorkerEvent): void {
        this.types.push(event.type);
      }
    }
    const collector = new Collector();
    const subject = new Subject<WorkerEvent>();
    subject.subscribe((event) => seen.push(event.type));
    events$.subscribe(collector);
    events$.subscribe(subject);
    emit();
    expect([collector.types, seen]).toEqual([['abandoned'], ['abandoned']]);
  });

  it('is an Observable', () => expect(events$).toBeInstanceOf(Observable));
});

describe('EventHub', () => {
  it('builds no event that nobody listens to', () => {
    const wall = vi.spyOn(clock, 'wall');
    const off = hub.on(['stalled'], () => undefined);
    emit();
    expect(wall).not.toHaveBeenCalled();
    expect([hub.wants('abandoned'), hub.wants('stalled')]).toEqual([false, true]);
    off();
    expect(hub.wants('stalled')).toBe(false);
    const subscription = events$.subscribe();
    expect(hub.wants('abandoned')).toBe(true);
    emit();
    expect(wall).toHaveBeenCalledOnce();
    subscription.unsubscribe();
    expect(hub.wants('abandoned')).toBe(false);
    wall.mockRestore();
  });

  it('isolates listeners by type', () => {
    const heard = vi.fn<() => void>();
    hub.on(['abandoned'], boom);
    hub.on(['abandoned', 'stalled'], heard);
    emit();
    expect(heard).toHaveBeenCalledOnce();
    expect(reported).toEqual([new Error('boom')]);
  });

  it('lets a listener go in the middle of an event', () => {
    const heard = vi.fn<() => void>();
    const off = hub.on(['abandoned'], () => off());
    hub.on(['abandoned'], heard);
    emit();
    emit();
    expect(heard).toHaveBeenCalledTimes(2);
  });
});

describe('the log', () => {
  it('sums up once a minute what failed again, and starts anew after a good run', async () => {
    const time = new FakeClock();
    const lines: string[] = [];
    const logger = new Logger('test');
    vi.spyOn(logger, 'error').mockImplementation((line: unknown) => void lines.push(String(line)));
    const told = new EventHub(time, boom);
    startLog(told, logger, time);
    const state = { failures: 1, incarnation: 1 };
    const fail = (): void =>
      told.emit({ worker: 'w' }, { type: 'incarnationFailed', error: new Error('no'), retryIn: 1 });
    for (let second = 0; second <= 60; second++) {
      fail();
      await time.advance(1_000);
    }
    expect(lines).toEqual([
      expect.stringMatching(/^w failed, next try in 0.0 s: .*no/),
      expect.stringMatching(/^w failed \(60 times within 60 s\), next try in 0.0 s: .*no/),
    ]);
    const good = { ...state, failures: 0, status: 'running', since: 0, ready: true } as const;
    told.emit({ worker: 'w' }, { type: 'stateChanged', from: { ...state, status: 'paused' }, to: good });
    fail();
    expect(lines[2]).toMatch(/^w failed, next try/);
  });
});
