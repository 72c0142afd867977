require('reflect-metadata');
const { Module } = require('@nestjs/common');
const { NestFactory } = require('@nestjs/core');
const { BackgroundWorker, BackgroundWorkerModule } = require('nestjs-background-worker');

class SmokeWorker {
  run(ctx) {
    console.log(`worker ran: require ${ctx.name}`);
    ran();
  }
}
BackgroundWorker({ every: 50 })(SmokeWorker);

class AppModule {}
Module({ imports: [BackgroundWorkerModule], providers: [SmokeWorker] })(AppModule);

let ran;
const once = new Promise((resolve) => (ran = resolve));
NestFactory.createApplicationContext(AppModule, { logger: ['error', 'warn'] })
  .then(async (app) => {
    await once;
    await app.close();
    console.log('closed');
  })
  .catch((error) => {
    console.error(error);
    process.exitCode = 1;
  });
