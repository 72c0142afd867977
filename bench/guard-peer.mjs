// One app of bench/guard.ts: tells what happens, as JSON lines. Its workers' guard is on.
import 'reflect-metadata';
import { Module, Logger } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { createInterface } from 'node:readline';
import { BackgroundWorker, BackgroundWorkerModule } from '../dist/index.js';
import { Guard } from '../dist/guard/guard.js';

const tell = (is, more = {}) =>
  process.stdout.write(`${JSON.stringify({ is, at: performance.timeOrigin + performance.now(), ...more })}\n`);

Logger.overrideLogger(false);
class Job {
  async run(ctx) {
    tell('started');
    await ctx.sleep(2 ** 30).catch(() => undefined);
    tell('stopped');
  }
}
BackgroundWorker({ name: 'job' })(Job);
class AppModule {}
Module({
  imports: [BackgroundWorkerModule.forRoot({ guard: { mode: 'on', key: process.argv[2], handoverTimeout: 50 } })],
  providers: [Job],
})(AppModule);

// oxlint-disable-next-line typescript/unbound-method
const { start } = Guard.prototype;
let passed;
const command = new Promise((resolve) => (passed = resolve));
Guard.prototype.start = async function (workers) {
  tell('booted');
  await command;
  const begun = performance.now();
  await start.call(this, workers);
  tell('guarded', { ms: performance.now() - begun });
};
createInterface({ input: process.stdin }).on('line', () => passed());
await NestFactory.createApplicationContext(AppModule, { logger: false });
tell('asking');
