import * as fc from 'fast-check';
import { describe, it } from 'vitest';
import type { TaskContext, TaskHandle } from '../../lib/contract/tasks.js';
import { deferred, type Deferred } from '../../lib/shared/deferred.js';
import { BackgroundWorkerError, DoNotRestart, type WorkerAborted } from '../../lib/shared/errors.js';
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

const ENDS: readonly string[] = ['taskCompleted', 'taskFailed', 'taskCancelled', 'taskDiscarded'];

interface Told {
  readonly handle: TaskHandle<number>;
  settlements: number;
}

const isSorted = (numbers: readonly number[]): boolean =>
  numbers.every((one, at) => at === 0 || numbers[at - 1]! < one);

/** Random histories against a real pool on the fake clock; what must hold is checked after every move. */
class Play {
  private readonly rig: TaskRig;
  private readonly told: Told[] = [];
  private readonly live: Deferred<number>[] = [];
  /** By their handles. */
  private readonly cancelled = new Set<string>();
  /** Those whose bodies look at their signal. */
  private readonly looking = new Set<string>();
  /** Those whose bodies must have seen that they are cancelled. */
  private readonly obeyed = new Set<string>();
  /** What began, by the numbers of the calls: only those that neither wait for a time nor are tried again. */
  private readonly begun = { submit: [] as number[], whenFree: [] as number[] };
  private readonly ends = new Map<string, string>();
  private seen = 0;
  private calls = 0;
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
        const number = this.calls++;
        this.waiting += 1;
        void rig.tasks
          .submitWhenFree((ctx) => (this.begun.whenFree.push(number), this.body(ctx, by)))
          .then((handle) => this.follow(handle))
          .catch((error: unknown) =>
            must((error as BackgroundWorkerError).code === 'BGW_SHUTTING_DOWN', 'refused for a reason'),
          )
          .finally(() => (this.waiting -= 1));
        break;
      }
      case 'finish':
        this.live.splice(by % (this.live.length || 1), 1)[0]?.resolve(by);
        break;
      case 'throw':
        this.live
          .splice(by % (this.live.length || 1), 1)[0]
          ?.reject(by % 5 === 0 ? new DoNotRestart('enough') : by % 3 === 0 ? undefined : new Error('no'));
        break;
      case 'cancel': {
        const handle = this.told[by % (this.told.length || 1)]?.handle;
        if (handle?.cancel(by)) this.cancelled.add(handle.id);
        break;
      }
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
    for (const gate of this.live.splice(0)) gate.resolve(0);
    await this.rig.clock.advance(400_000);
    this.check();
    must(this.waiting === 0, 'nobody waits for room in a closed pool');
    must(this.rig.app.pools.get('default').load === 0, 'no slot is left behind');
    for (const { handle, settlements } of this.told) {
      must(settlements === 1, 'every accepted task settles exactly once', handle.id, settlements);
      must(this.ends.has(handle.id), 'and its end is an event', handle.id);
    }
    must(this.ends.size === this.told.length, 'nothing ends that was not accepted', this.ends.size, this.told.length);
    must(this.rig.events.filter(({ type }) => type === 'taskRefused').length >= this.refusals, 'refusals are events');
    must(this.rig.broken.length === 0, 'no listener threw');
  }

  private submit(by: number, delay: number | undefined): void {
    const number = this.calls++;
    const retries = by % 3 === 0 ? by % 4 : 0;
    const timeout = by % 4 === 0 ? by + 1 : undefined;
    const pool = this.rig.app.pools.get('default');
    const { load } = pool;
    const [oldest] = pool.waiting();
    const isFull = load >= this.bounds.concurrency + this.bounds.queue;
    const isPlain = retries === 0 && delay === undefined;
    try {
      const fn = (ctx: TaskContext): Promise<number> => {
        if (isPlain) this.begun.submit.push(number);
        return this.body(ctx, by);
      };
      const handle = this.rig.tasks.submit(fn, { retries, timeout, delay, backoff: { initial: by } });
      must(this.stage !== 'closed', 'a closed pool accepts nothing');
      if (isFull) must(oldest?.state === 'discarded', 'the oldest that waits is given up for it', oldest?.state);
      this.follow(handle);
    } catch (error) {
      if (!(error instanceof BackgroundWorkerError)) throw error;
      this.refusals += 1;
      const { code } = error;
      must(code === 'BGW_QUEUE_FULL' || code === 'BGW_SHUTTING_DOWN', 'a coded refusal', code);
      if (code === 'BGW_QUEUE_FULL') must(isFull, 'refused only when full', load);
      else must(this.stage === 'closed', 'refused only when closed');
    }
  }

  private follow(handle: TaskHandle<number>): void {
    const one: Told = { handle, settlements: 0 };
    this.told.push(one);
    const count = (): void => void (one.settlements += 1);
    handle.result.then(count, count);
  }

  private body({ id, signal }: TaskContext, by: number): Promise<number> {
    const gate = deferred<number>();
    this.live.push(gate);
    if (by % 2 === 0) {
      this.looking.add(id);
      signal.addEventListener('abort', () => this.obey(id, gate, signal.reason as WorkerAborted));
    }
    return gate.promise;
  }

  private obey(id: string, gate: Deferred<number>, reason: WorkerAborted): void {
    const at = this.live.indexOf(gate);
    if (at < 0) return;
    this.live.splice(at, 1);
    gate.reject(reason);
    if (reason.why !== 'timeout') this.obeyed.add(id);
  }

  private end(ms: number): void {
    if (this.stage !== 'open') return;
    this.stage = 'closing';
    const now = this.rig.clock.now();
    const first = this.rig.closing.begin(Promise.resolve(), now + ms, now + ms * 1.25);
    void first.then(() => this.rig.closing.end()).then(() => (this.stage = 'closed'));
  }

  private check(): void {
    const pool = this.rig.app.pools.get('default');
    const { concurrency, queue } = this.bounds;
    const running = [...pool.running].length;
    must(running <= concurrency && this.live.length <= concurrency, 'concurrency holds', running, this.live.length);
    must(pool.load <= concurrency + queue, 'the queue bound holds', pool.load);
    const idle = running < concurrency && [...pool.waiting()].some(({ phase }) => phase.type === 'queued');
    must(!idle, 'no slot is free while a task is queued');
    must(this.waiting === 0 || pool.load === concurrency + queue, 'nobody waits for room where there is some');
    for (const [how, numbers] of Object.entries(this.begun))
      must(isSorted(numbers), 'equals begin in the order of the calls', how, numbers);
    this.look();
    for (const id of this.cancelled) if (this.looking.has(id)) this.obeyed.add(id);
    for (const id of this.obeyed)
      must(this.ends.get(id) === 'taskCancelled', 'who looks at the signal ends as cancelled', id, this.ends.get(id));
  }

  /** At what is told of tasks. */
  private look(): void {
    const { events } = this.rig;
    for (const { type, task = '' } of events.slice(this.seen)) {
      must(type !== 'taskStarted' || !this.cancelled.has(task), 'what is cancelled does not begin (again)', task);
      if (!ENDS.includes(type)) continue;
      must(!this.ends.has(task), 'a task ends once', task, this.ends.get(task), type);
      this.ends.set(task, type);
    }
    this.seen = events.length;
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
