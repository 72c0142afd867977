import autocannon from 'autocannon';
import { describe, expect, it } from 'vitest';
import { FloodModule, POOL, counts } from '../../bench/flood-app.js';
import { BackgroundTasks } from '../../lib/index.js';
import { createHttp } from './support/app.js';

/** Three seconds of what `npm run bench:flood` does for thirty. */
const SECONDS = 3;

describe('a flood of requests that submit', () => {
  it('is bounded: what does not fit is answered 503, and all that was accepted is done', async () => {
    const app = await createHttp(FloodModule);
    await app.listen(0, '127.0.0.1');
    const tasks = app.get(BackgroundTasks);
    const url = await app.getUrl();
    const result = await autocannon({ url, method: 'POST', connections: 200, duration: SECONDS });
    await tasks.drain();
    const statuses = result.statusCodeStats as Record<string, { count: number }>;
    expect(Object.keys(statuses).sort()).toEqual(['201', '503']);
    expect(result.errors).toBe(0);
    expect(counts.done).toBe(counts.accepted);
    expect(counts.accepted).toBeGreaterThan(POOL.concurrency + POOL.queue);
    expect(counts.atOnce).toBe(POOL.concurrency);
    expect(await tasks.submit(() => 'next').result).toBe('next');
  }, 60_000);
});
