// One app of bench/guard.ts: tells what happens, as JSON lines. Its workers' guard is on.
import 'reflect-metadata';
import { Module, Logger } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { createInterface } from 'node:readline';
import { once } from 'node:events';
import { BackgroundWorker, BackgroundWorkerModule } from 'nestjs-background-worker';

const tell = (is, more = {}) =>
  process.stdout.write(`${JSON.stringify({ is, at: performance.timeOrigin + performance.now(), ...more })}\n`);

Logger.overrideLogger(false);
const commands = createInterface({ input: process.stdin });
let begun = 0;
/** Holds up bootstrap until the command to go on: workers start after every other provider's hook. */
class Brake {
  async onApplicationBootstrap() {
    tell('booted');
    await once(commands, 'line');
    begun = performance.now();
  }
}
class Job {
  async run(ctx) {
    tell('started', { ms: performance.now() - begun });
    await ctx.sleep(2 ** 30).catch(() => undefined);
    tell('stopped');
  }
}
BackgroundWorker({ name: 'job' })(Job);
class AppModule {}
Module({
  imports: [BackgroundWorkerModule.forRoot({ guard: { mode: 'on', key: process.argv[2], handoverTimeout: 50 } })],
  providers: [Brake, Job],
})(AppModule);

await NestFactory.createApplicationContext(AppModule, { logger: false });
tell('asking');
