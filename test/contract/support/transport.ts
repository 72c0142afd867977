import { describe, expect, it } from 'vitest';
import type { TaskContext } from '../../../lib/contract/tasks.js';
import type { HandlerOptions } from '../../../lib/definition/task-options.js';
import type { TaskTransport } from '../../../lib/adapter.js';
import { deferred } from '../../../lib/shared/deferred.js';
import { drain } from '../../support/fake-clock.js';
import { TaskRig, type TaskRigOptions } from '../../support/task-rig.js';

type Work = (payload: unknown, ctx: TaskContext) => unknown;

export class Jobs {
  constructor(private readonly work: Work) {}

  job(payload: unknown, ctx: TaskContext): unknown {
    return this.work(payload, ctx);
  }
}

/** An app with one handler, on a transport. */
export function jobs(
  transport: TaskTransport,
  work: Work,
  options: HandlerOptions = {},
  rest: TaskRigOptions = {},
): TaskRig {
  const found = { subject: 'Jobs', method: 'job', classes: [Jobs], module: 'JobsModule' };
  const handlers = [{ ...found, options: { name: 'job', ...options }, target: new Jobs(work) }];
  return new TaskRig({ ...rest, transport, handlers });
}

/** What every transport does, in memory or over a broker. */
export function describeTransport(name: string, make: () => TaskTransport): void {
  describe(`the transport ${name}`, () => {
    it('takes JSON, an id and headers to the handler', async () => {
      const got: unknown[] = [];
      const work: Work = (payload, { id, headers, attempt }) => got.push([payload, id, headers, attempt]);
      const interceptors = [
        { capture: () => ({ trace: '7' }), around: (_: unknown, next: () => Promise<unknown>) => next() },
      ];
      const { tasks } = jobs(make(), work, {}, { interceptors });
      const { id } = await tasks.dispatch(Jobs, 'job', { to: ['ada'] });
      await drain();
      expect(got).toEqual([[{ to: ['ada'] }, id, { trace: '7' }, 1]]);
    });

    it('runs no handler before the app has booted', async () => {
      const got: unknown[] = [];
      const { tasks, app, clock } = jobs(make(), (payload) => got.push(payload), {}, { booted: false });
      await tasks.dispatch(Jobs, 'job', 1);
      await tasks.dispatch(Jobs, 'job', 2);
      await clock.advance(10_000);
      expect(got).toEqual([]);
      app.consume();
      await drain();
      expect(got).toEqual([1, 2]);
    });

    it('waits before the first attempt where it is told to', async () => {
      const got: unknown[] = [];
      const { tasks, clock } = jobs(make(), (payload) => got.push(payload));
      await tasks.dispatch(Jobs, 'job', 1, { delay: 100 });
      await clock.advance(99);
      expect(got).toEqual([]);
      await clock.advance(1);
      expect(got).toEqual([1]);
    });

    it('tries again, by the handler’s backoff, and counts', async () => {
      const seen: unknown[] = [];
      const rig: TaskRig = jobs(
        make(),
        (_, { attempt }) => {
          seen.push([attempt, rig.clock.now()]);
          if (attempt < 3) throw new Error('no');
        },
        { retries: 5, backoff: { initial: 100, jitter: 0 } },
      );
      const begun = rig.clock.now();
      await rig.tasks.dispatch(Jobs, 'job');
      await rig.clock.advance(10_000);
      expect(seen).toEqual([
        [1, begun],
        [2, begun + 100],
        [3, begun + 300],
      ]);
      expect(rig.types().filter((type) => type === 'taskRetrying')).toHaveLength(2);
      expect(rig.types()).not.toContain('taskFailed');
    });

    it('fails for good after the last attempt, once, in one line', async () => {
      const rig = jobs(make(), () => Promise.reject(new Error('no disk')), { retries: 1, backoff: { initial: 10 } });
      const { id } = await rig.tasks.dispatch(Jobs, 'job');
      await rig.clock.advance(1_000);
      expect(rig.lines.filter((line) => line.includes('failed for good'))).toEqual([
        `task job (${id}) failed for good after 2 attempts: no disk`,
      ]);
      expect(rig.types().filter((type) => type === 'taskFailed')).toHaveLength(1);
    });

    it('tells a time-out by the signal, and begins nothing in its place before the function has settled', async () => {
      const gate = deferred();
      const seen: unknown[] = [];
      const rig = jobs(
        make(),
        async (_, { attempt, signal }) => {
          seen.push(attempt);
          if (attempt > 1) return;
          signal.addEventListener('abort', () => seen.push('aborted'));
          await gate.promise;
        },
        { timeout: 50, retries: 3, backoff: { initial: 10 } },
      );
      await rig.tasks.dispatch(Jobs, 'job');
      await rig.clock.advance(1_000);
      expect(seen).toEqual([1, 'aborted']);
      gate.resolve();
      await rig.clock.advance(1_000);
      expect(seen).toEqual([1, 'aborted', 2]);
    });

    it('runs no more at a time than the handler’s concurrency', async () => {
      let running = 0;
      let most = 0;
      const rig = jobs(
        make(),
        async (_, ctx) => {
          most = Math.max(most, ++running);
          await ctx.sleep(10);
          running -= 1;
        },
        { concurrency: 2 },
      );
      for (let nr = 0; nr < 5; nr += 1) await rig.tasks.dispatch(Jobs, 'job', nr);
      await rig.clock.advance(100);
      expect([most, running]).toEqual([2, 0]);
    });

    it('is drained with the app: what runs ends', async () => {
      const gate = deferred();
      const ended: unknown[] = [];
      const rig = jobs(make(), async () => {
        await gate.promise;
        ended.push('ended');
      });
      await rig.tasks.dispatch(Jobs, 'job');
      await drain();
      const { closing, clock } = rig;
      const report = closing.begin(Promise.resolve(), clock.now() + 8_000, clock.now() + 10_000);
      await drain();
      gate.resolve();
      expect(await report).toMatchObject({ drained: 1, lost: 0, abandoned: [] });
      expect(await closing.end()).toMatchObject({ cut: 0, lost: 0, abandoned: [] });
      expect(ended).toEqual(['ended']);
    });
  });
}
