import { FakeClock } from '../support/fake-clock.js';
import { MemoryOutbox } from './support/memory-outbox.js';
import { describeOutbox } from './support/outbox.js';

describeOutbox('in memory', async () => {
  const clock = new FakeClock();
  const store = new MemoryOutbox(() => clock.wall());
  return {
    store,
    now: () => clock.wall(),
    pass: async (ms) => void (await clock.advance(ms)),
    transaction: async (work) => {
      const transaction = store.begin();
      try {
        await work(transaction);
      } catch (error) {
        transaction.rollback();
        throw error;
      }
      transaction.commit();
    },
  };
});
