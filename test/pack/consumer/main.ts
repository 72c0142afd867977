import 'reflect-metadata';
import { Injectable, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { BackgroundWorker, BackgroundWorkerModule, type TickContext } from 'nestjs-background-worker';

@Injectable()
class Greeter {
  readonly greeting = 'import';
}

@BackgroundWorker({ every: 50 })
class SmokeWorker {
  constructor(private readonly greeter: Greeter) {}

  run(ctx: TickContext): void {
    console.log(`worker ran: ${this.greeter.greeting} ${ctx.name}`);
    ran();
  }
}

@Module({ imports: [BackgroundWorkerModule], providers: [Greeter, SmokeWorker] })
class AppModule {}

let ran!: () => void;
const once = new Promise<void>((resolve) => (ran = resolve));
const app = await NestFactory.createApplicationContext(AppModule, { logger: ['error', 'warn'] });
await once;
await app.close();
console.log('closed');
