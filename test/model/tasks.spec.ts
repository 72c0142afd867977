import * as fc from 'fast-check';
import { describe, it } from 'vitest';
import type { TaskContext, TaskHandle } from '../../lib/contract/tasks.js';
import { deferred, type Deferred } from '../../lib/shared/deferred.js';
import { DoNotRestart, type BackgroundWorkerError, type WorkerAborted } from '../../lib/shared/errors.js';
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

/** Random histories against a real pool on the fake clock; what must hold is checked after every move. */
class Play {
  private readonly rig: TaskRig;
  private readonly told: Told[] = [];
  private readonly live: Deferred<number>[] = [];
  /** Of the bodies that looked at their signal when somebody cancelled them. */
  private readonly obeyed = new Set<string>();
  /** The last to begin of those that must begin in the order of the calls. */
  private readonly begun = { submit: -1, whenFree: -1 };
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
          .submitWhenFree((ctx) => this.body(ctx, by, { whenFree: number }))
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
    for (const gate of this.live.splice(0)) gate.resolve(0);
    await this.rig.clock.advance(400_000);
    this.check();
    must(this.waiting === 0, 'nobody waits for room in a closed pool');
    must(this.rig.room.pool('default').load === 0, 'no slot is left behind');
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
    const pool = this.rig.room.pool('default');
    const { load } = pool;
    const [oldest] = pool.waiting();
    const isFull = load >= this.bounds.concurrency + this.bounds.queue;
    const isPlain = retries === 0 && delay === undefined;
    try {
      const handle = this.rig.tasks.submit((ctx) => this.body(ctx, by, isPlain ? { submit: number } : {}), {
        retries,
        timeout,
        delay,
        backoff: { initial: by },
      });
      must(this.stage !== 'closed', 'a closed pool accepts nothing');
      if (isFull) must(oldest?.state === 'discarded', 'the oldest that waits is given up for it', oldest?.state);
      this.follow(handle);
    } catch (error) {
      this.refusals += 1;
      const { code } = error as BackgroundWorkerError;
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

  /** @param turn its number among its equals: those that neither wait for a time nor are tried again */
  private body({ id, signal }: TaskContext, by: number, turn: { submit?: number; whenFree?: number }): Promise<number> {
    const { submit = Infinity, whenFree = Infinity } = turn;
    must(this.begun.submit < submit, 'equals begin in the order of submission', this.begun.submit, submit);
    must(this.begun.whenFree < whenFree, 'who waits for room gets it in turn', this.begun.whenFree, whenFree);
    Object.assign(this.begun, turn);
    const gate = deferred<number>();
    this.live.push(gate);
    if (by % 2 === 0) signal.addEventListener('abort', () => this.obey(id, gate, signal.reason as WorkerAborted));
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
    const pool = this.rig.room.pool('default');
    const { concurrency, queue } = this.bounds;
    const running = [...pool.running].length;
    must(running <= concurrency && this.live.length <= concurrency, 'concurrency holds', running, this.live.length);
    must(pool.load <= concurrency + queue, 'the queue bound holds', pool.load);
    const idle = running < concurrency && [...pool.waiting()].some(({ phase }) => phase.is === 'queued');
    must(!idle, 'no slot is free while a task is queued');
    for (const { type, task = '' } of this.rig.events.slice(this.seen)) {
      if (!ENDS.includes(type)) continue;
      must(!this.ends.has(task), 'a task ends once', task, this.ends.get(task), type);
      this.ends.set(task, type);
    }
    this.seen = this.rig.events.length;
    for (const id of this.obeyed)
      must(this.ends.get(id) === 'taskCancelled', 'who obeys is cancelled', id, this.ends.get(id));
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
