import * as fc from 'fast-check';
import { describe, it } from 'vitest';
import type { TaskHandle } from '../../lib/contract/tasks.js';
import { deferred, type Deferred } from '../../lib/shared/deferred.js';
import { DoNotRestart, type BackgroundWorkerError } from '../../lib/shared/errors.js';
import { TaskRig } from '../support/task-rig.js';
import { drain } from '../support/fake-clock.js';
import { RUNS } from './history.js';
import { must } from './law.js';

const OPS = [
  'submit',
  'submit',
  'submit',
  'later',
  'whenFree',
  'finish',
  'finish',
  'throw',
  'cancel',
  'time',
  'time',
  'end',
] as const;
interface Move {
  readonly op: (typeof OPS)[number];
  readonly by: number;
}
const moves = fc.array(fc.record({ op: fc.constantFrom(...OPS), by: fc.integer({ min: 0, max: 999 }) }), {
  minLength: 1,
  maxLength: 50,
  size: 'max',
});
const bounds = fc.record({
  concurrency: fc.integer({ min: 1, max: 4 }),
  queue: fc.integer({ min: 0, max: 5 }),
  onFull: fc.constantFrom('reject' as const, 'discard-oldest' as const),
});

interface Told {
  readonly handle: TaskHandle<number>;
  readonly number: number;
  /** One that neither waits for a time nor is retried. */
  readonly plain: boolean;
  settlements: number;
}

/** Random histories against a real pool on the fake clock; what must hold is checked after every move. */
class Play {
  private readonly rig: TaskRig;
  private readonly told: Told[] = [];
  private readonly live: { readonly gate: Deferred<number>; readonly signal: AbortSignal }[] = [];
  private readonly starts: number[] = [];
  private readonly ends = new Map<string, number>();
  private refusals = 0;
  private waiting = 0;
  private stage: 'open' | 'closing' | 'closed' = 'open';

  constructor(private readonly bounds: { concurrency: number; queue: number; onFull: 'reject' | 'discard-oldest' }) {
    this.rig = new TaskRig({ pool: bounds, grace: 200 });
  }

  async play({ op, by }: Move): Promise<void> {
    const { rig } = this;
    switch (op) {
      case 'submit':
        this.submit(by, undefined);
        break;
      case 'later':
        this.submit(by, by + 1);
        break;
      case 'whenFree': {
        const number = this.told.length + 1_000 + by;
        this.waiting += 1;
        void rig.tasks
          .submitWhenFree(() => this.body(-1), {})
          .then((handle) => this.follow(handle, number, false))
          .catch((error: unknown) =>
            must((error as BackgroundWorkerError).code === 'BGW_SHUTTING_DOWN', 'refused for a reason'),
          )
          .finally(() => (this.waiting -= 1));
        break;
      }
      case 'finish':
        this.live.splice(by % (this.live.length || 1), 1)[0]?.gate.resolve(by);
        break;
      case 'throw':
        this.live
          .splice(by % (this.live.length || 1), 1)[0]
          ?.gate.reject(by % 5 === 0 ? new DoNotRestart('enough') : by % 3 === 0 ? undefined : new Error('no'));
        break;
      case 'cancel':
        this.told[by % (this.told.length || 1)]?.handle.cancel(by);
        break;
      case 'time':
        await rig.clock.advance(by);
        break;
      case 'end':
        if (by < 200) this.end(by * 10);
        break;
    }
    await drain();
    this.check();
  }

  /** Whatever was going on: the app ends, and with it all tasks. */
  async over(): Promise<void> {
    this.end(500);
    await this.rig.clock.advance(3_000);
    for (const { gate } of this.live.splice(0)) gate.resolve(0);
    await this.rig.clock.advance(400_000);
    this.check();
    must(this.waiting === 0, 'nobody waits for room in a closed pool');
    must(this.rig.room.pool('default').load === 0, 'no slot is left behind');
    for (const { handle, settlements } of this.told) {
      must(settlements === 1, 'every accepted task settles exactly once', handle.id, settlements);
      must(this.ends.get(handle.id) === 1, 'and its end is one event', handle.id, this.ends.get(handle.id));
    }
    must(this.rig.events.filter(({ type }) => type === 'taskRefused').length >= this.refusals, 'refusals are events');
    must(this.rig.broken.length === 0, 'no listener threw');
  }

  private submit(by: number, delay: number | undefined): void {
    const number = this.told.length;
    const retries = by % 3 === 0 ? by % 4 : 0;
    const timeout = by % 4 === 0 ? by + 1 : undefined;
    const { load } = this.rig.room.pool('default');
    const plain = retries === 0 && delay === undefined;
    try {
      const handle = this.rig.tasks.submit(() => this.body(plain ? number : -1), {
        retries,
        timeout,
        delay,
        backoff: { initial: by },
      });
      must(this.stage !== 'closed', 'a closed pool accepts nothing');
      this.follow(handle, number, plain);
    } catch (error) {
      this.refusals += 1;
      const { code } = error as BackgroundWorkerError;
      must(code === 'BGW_QUEUE_FULL' || code === 'BGW_SHUTTING_DOWN', 'a coded refusal', code);
      if (code === 'BGW_QUEUE_FULL')
        must(load >= this.bounds.concurrency + this.bounds.queue, 'refused only when full', load);
      else must(this.stage === 'closed', 'refused only when closed');
    }
  }

  private follow(handle: TaskHandle<number>, number: number, plain: boolean): void {
    const one: Told = { handle, number, plain, settlements: 0 };
    this.told.push(one);
    const count = (): void => void (one.settlements += 1);
    handle.result.then(count, count);
  }

  private body(number: number): Promise<number> {
    if (number >= 0) {
      must((this.starts.at(-1) ?? -1) < number, 'equals begin in the order of submission', this.starts.at(-1), number);
      this.starts.push(number);
    }
    const gate = deferred<number>();
    this.live.push({ gate, signal: new AbortController().signal });
    return gate.promise;
  }

  private end(ms: number): void {
    if (this.stage !== 'open') return;
    this.stage = 'closing';
    const now = this.rig.clock.now();
    const first = this.rig.closing.begin(Promise.resolve(), now + ms, now + ms * 1.25);
    void first.then(() => this.rig.closing.end()).then(() => (this.stage = 'closed'));
  }

  private check(): void {
    const pool = this.rig.room.pool('default');
    const { concurrency, queue } = this.bounds;
    const running = [...pool.running].length;
    must(running <= concurrency && this.live.length <= concurrency, 'concurrency holds', running, this.live.length);
    must(pool.load <= concurrency + queue, 'the queue bound holds', pool.load);
    const idle = running < concurrency && [...pool.waiting()].some(({ phase }) => phase.is === 'queued');
    must(!idle, 'no slot is free while a task is queued');
    this.ends.clear();
    for (const { type, task = '' } of this.rig.events)
      if (['taskCompleted', 'taskFailed', 'taskCancelled', 'taskDiscarded'].includes(type))
        this.ends.set(task, (this.ends.get(task) ?? 0) + 1);
    for (const [task, ends] of this.ends) must(ends === 1, 'a task ends once', task);
  }
}

describe('a task pool', () => {
  it(
    'settles every accepted task once, within its bounds, in order, whatever happens',
    { timeout: 300_000 },
    async () => {
      await fc.assert(
        fc.asyncProperty(bounds, moves, async (limits, history) => {
          const play = new Play(limits);
          for (const move of history) await play.play(move);
          await play.over();
        }),
        { numRuns: Math.min(RUNS, 1_000) },
      );
    },
  );
});
