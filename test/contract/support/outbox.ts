import { beforeEach, describe, expect, it } from 'vitest';
import type { Claimed, OutboxMessage, OutboxStore } from '../../../lib/adapter.js';

/** A store to test, and what the test does in place of the app. */
export interface OutboxUnderTest {
  readonly store: OutboxStore;
  /** On the store's clock, in epoch milliseconds. */
  now(): number;
  pass(ms: number): Promise<void>;
  /** Runs this in a transaction that commits, unless it rejects. */
  transaction(work: (manager: unknown) => Promise<void>): Promise<void>;
}

const backoff = { initial: 5_000, factor: 2, max: 60_000, jitter: 0.5, resetAfter: 60_000 };
const message = (id: string): OutboxMessage => ({
  message: { id, name: 'mail', payload: '{"to":"ada"}', headers: { trace: '7' } },
  sending: { retries: 20, backoff, delay: 10 },
});
const idsOf = (claimed: readonly Claimed[]): readonly string[] => claimed.map(({ message: { id } }) => id);

/** What every outbox store does. */
export function describeOutbox(name: string, make: () => Promise<OutboxUnderTest>): void {
  describe(`the outbox ${name}`, () => {
    let one: OutboxUnderTest;
    const write = (...ids: readonly string[]): Promise<void> =>
      one.transaction((manager) => one.store.write(manager, ids.map(message)));
    const claim = (limit = 10, ms = 1_000): Promise<readonly Claimed[]> => one.store.claim(limit, one.now() + ms);
    beforeEach(async () => void (one = await make()));

    it('has what was written once the transaction has committed, as it was written', async () => {
      let inside: readonly Claimed[] = [];
      await one.transaction(async (manager) => {
        await one.store.write(manager, [message('a')]);
        inside = await claim();
      });
      expect(inside).toEqual([]);
      const [claimed] = await claim();
      expect(claimed).toMatchObject({ ...message('a'), attempt: 1 });
    });

    it('has nothing of a transaction that was rolled back', async () => {
      const rolledBack = one.transaction(async (manager) => {
        await one.store.write(manager, [message('a')]);
        throw new Error('no');
      });
      await expect(rolledBack).rejects.toThrow('no');
      expect(await claim()).toEqual([]);
    });

    it('refuses what is no transaction of its own', async () => {
      await expect(one.store.write({}, [message('a')])).rejects.toThrow();
      expect(await claim()).toEqual([]);
    });

    it('keeps the first of two messages with one id', async () => {
      await write('a');
      const first = await claim();
      await write('a', 'b');
      expect([idsOf(first), idsOf(await claim())]).toEqual([['a'], ['b']]);
    });

    it('gives the oldest first, each to one, whoever asks at the same time', async () => {
      await write('a', 'b');
      await write('c', 'd');
      const [first, second] = await Promise.all([claim(2), claim(2)]);
      expect([...idsOf(first), ...idsOf(second)].sort()).toEqual(['a', 'b', 'c', 'd']);
      expect(new Set([...first, ...second].map((each) => each.claim)).size).toBe(4);
      expect(await claim()).toEqual([]);
    });

    it('forgets what was sent', async () => {
      await write('a', 'b');
      const [a] = await claim(1);
      await one.store.settle([{ type: 'sent', claim: a!.claim }]);
      await one.pass(2_000);
      expect(idsOf(await claim())).toEqual(['b']);
    });

    it('gives what was not settled in time to the next, counted, and hears no more of the first claim', async () => {
      await write('a');
      const [first] = await claim(1, 1_000);
      await one.pass(999);
      expect(await claim()).toEqual([]);
      await one.pass(2);
      const [second] = await claim(1, 1_000);
      expect(second).toMatchObject({ message: { id: 'a' }, attempt: 2 });
      await one.store.settle([{ type: 'sent', claim: first!.claim }]);
      await one.pass(1_001);
      expect(await claim()).toMatchObject([{ message: { id: 'a' }, attempt: 3 }]);
    });

    it('gives what could not be sent again, not before it is due', async () => {
      await write('a');
      const [first] = await claim();
      await one.store.settle([{ type: 'failed', claim: first!.claim, error: 'away', retryAt: one.now() + 500 }]);
      await one.pass(499);
      expect(await claim()).toEqual([]);
      await one.pass(1);
      expect(await claim()).toMatchObject([{ message: { id: 'a' }, attempt: 2 }]);
    });

    it('never gives what is dead', async () => {
      await write('a');
      const [first] = await claim();
      await one.store.settle([{ type: 'dead', claim: first!.claim, error: 'no such handler' }]);
      await one.pass(100_000);
      expect(await claim()).toEqual([]);
    });

    it('settles many at once, and none that it does not know', async () => {
      await write('a', 'b', 'c');
      const [a, b] = await claim(2);
      await one.store.settle([
        { type: 'sent', claim: a!.claim },
        { type: 'sent', claim: '4711' },
        { type: 'failed', claim: b!.claim, error: 'away', retryAt: one.now() },
      ]);
      expect(idsOf(await claim())).toEqual(['b', 'c']);
    });
  });
}
