import autocannon from 'autocannon';
import { describe, expect, it, onTestFinished } from 'vitest';
import { FloodModule, POOL, counts, work } from '../../bench/flood-app.js';
import { BackgroundTasks } from '../../lib/index.js';
import { createHttp } from './support/app.js';

/** `npm run bench:flood` without its clock: nothing ends while the requests come, so each count is known. */
const REQUESTS = 5_000;

describe('a flood of requests that submit', () => {
  it('is bounded: what does not fit is answered 503, and all that was accepted is done', async () => {
    const room = POOL.concurrency + POOL.queue;
    let release = (): void => undefined;
    const gate = new Promise<void>((resolve) => (release = resolve));
    work.of = () => gate;
    onTestFinished(() => release());
    const app = await createHttp(FloodModule);
    await app.listen(0, '127.0.0.1');
    const tasks = app.get(BackgroundTasks);
    const { errors, statusCodeStats } = await autocannon({
      url: await app.getUrl(),
      method: 'POST',
      connections: 200,
      amount: REQUESTS,
      timeout: 50, // s; on a machine that does other things, an answer takes its time
    });
    expect({ errors, statusCodeStats }).toEqual({
      errors: 0,
      statusCodeStats: { '201': { count: room }, '503': { count: REQUESTS - room } },
    });
    expect(counts).toEqual({ accepted: room, refused: REQUESTS - room, done: 0, atOnce: POOL.concurrency });
    release();
    await tasks.drain();
    expect(counts).toMatchObject({ done: room, atOnce: POOL.concurrency });
    expect(await tasks.submit(() => 'next').result).toBe('next');
  }, 60_000);
});
