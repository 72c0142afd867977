/** The server, in plain Node, started by flood.ts, which it tells once a second how it is. */
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { NestFactory } from '@nestjs/core';
import { BackgroundTasks } from 'nestjs-background-worker';
import { FloodModule, counts } from './flood-app.js';

export interface Report {
  readonly url?: string;
  /** In MiB. */
  readonly heap: number;
  readonly rss: number;
  /** The event loop's delay since the last report, in milliseconds. */
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
  readonly counts: typeof counts;
}

const app = await NestFactory.create(FloodModule, { logger: ['error'] });
app.enableShutdownHooks();
await app.listen(0, '127.0.0.1');

const delay = monitorEventLoopDelay({ resolution: 1 });
delay.enable();
const MIB = 2 ** 20;
const tell = (url?: string): void => {
  const { rss } = process.memoryUsage();
  globalThis.gc?.();
  const heap = process.memoryUsage().heapUsed;
  const [p50, p99, max] = [delay.percentile(50), delay.percentile(99), delay.max].map((ns) => ns / 1e6 - 1);
  delay.reset();
  process.send?.({ url, heap: heap / MIB, rss: rss / MIB, p50, p99, max, counts });
};
process.on('message', (message) => {
  if (message === 'tell') tell();
  else
    void app
      .get(BackgroundTasks)
      .drain()
      .then(() => tell());
});
tell(await app.getUrl());
