import { execFile } from 'node:child_process';
import { AsyncLocalStorage } from 'node:async_hooks';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import type { TaxInput } from '../fixtures/tax.js';
import { plainEnv } from '../support/plain-env.js';

/** Contexts are followed from the first promise on, and cost none of them anything. */
const hasContextFrames = !('_enable' in AsyncLocalStorage.prototype);

const run = promisify(execFile);

/** What a program answers in which we are all that could have Node follow contexts, unless somebody else has had it do so. */
async function answerOf(shows: TaxInput['shows'], hooks: boolean): Promise<Record<string, unknown>> {
  const file = `${process.env['BGW_FIXTURES']}tax.js`;
  const { stdout } = await run(process.execPath, [file, JSON.stringify({ shows, hooks } satisfies TaxInput)], {
    env: plainEnv(),
  });
  return JSON.parse(stdout.trim().split('\n').at(-1) ?? '{}') as Record<string, unknown>;
}

const BOTH = [
  ['hooks off', false],
  ['hooks on', true],
] as const;
const isOn = (hooks: boolean): boolean => hooks && !hasContextFrames;

it("Node's promise hooks stay off, with ticks, loops, children, units, tasks and the guard at work", async () => {
  expect(await answerOf('hooks', false)).toEqual({ symbols: 0, 'symbols at the end': 0 });
});

it.runIf(isOn(true))('the count shows hooks that are on', async () => {
  expect((await answerOf('hooks', true))['symbols']).toBeGreaterThanOrEqual(3);
});

it.runIf(!hasContextFrames)('a wait that may be its own ends with the stop, and the log says so', async () => {
  const { ended, lines } = await answerOf('ownWait', false);
  expect(ended).toEqual(['join: false', 'database closed']);
  expect(lines).toEqual([
    'job may have waited for itself: join() was called while its body ran',
    'job may have waited for itself: trigger() was called while its body ran',
    expect.stringMatching(/abandoned, .*its-own \(id; it may wait for itself: drain\(\) was called while it ran\)$/),
    expect.stringMatching(/^drain\(\) has waited until the app stopped; abandoned, not finished: its-own \(id; it may/),
  ]);
});

describe.each(BOTH)('%s', (_, hooks) => {
  it('who waits for itself is refused, wherever it can be known, and nothing switches hooks on for it', async () => {
    const { symbols, 'symbols at the end': atTheEnd, ...seen } = await answerOf('selfJoin', hooks);
    const calls = ['stop', 'restart', 'pause', 'join', 'remove'];
    const asked = ['loop', 'child', 'unit', 'tick'].flatMap((kind) => calls.map((call) => `${kind} ${call}`));
    const known = [...asked, 'tick trigger', 'task drain at once', 'task join at once'];
    const blind = hasContextFrames || hooks ? 'BGW_SELF_JOIN' : 'unknown';
    expect(seen).toEqual({
      ...Object.fromEntries(known.map((name) => [name, 'BGW_SELF_JOIN'])),
      'task drain after an await': blind,
      'task join after an await': blind,
    });
    if (!isOn(hooks)) expect([symbols, atTheEnd]).toEqual([0, 0]);
  });

  it("a follow-up of a draining tick, submitted after an await, ends before others' onModuleDestroy", async () => {
    expect((await answerOf('lateness', hooks))['ended']).toEqual(['follow-up', 'database closed']);
  });

  it('nothing of a request leaks in, and nothing out', async () => {
    const [request, own] = ['of a request', 'of a task'];
    const { seen } = await answerOf('isolation', hooks);
    expect(seen).toEqual([...Array<null>(8).fill(null), own, null, null, request, null]);
  });

  it('what the first task enters at once is seen nowhere else', async () => {
    expect(await answerOf('enterWithAtOnce', hooks)).toMatchObject({ seen: Array(7).fill(null), here: null });
  });

  it("what it enters after an await no task sees; on Node 20 and 22 the process's first goes where Node puts it", async () => {
    const bare = await answerOf('enterWithInBareProgram', hooks);
    const { seen, here } = await answerOf('enterWithAfterAwait', hooks);
    expect(seen).toEqual(Array(7).fill(null));
    expect(here).toBe(bare['here']);
    expect(here).toBe(hooks || hasContextFrames ? null : 'of the first');
  });
});
