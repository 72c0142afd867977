import type { INestApplication } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { AppModule } from './app.module.js';
import { SelfMonitor } from './monitors/self-monitor.js';
import { BadSetting, readSettings, type Settings } from './settings/settings.js';
import { welcome } from './welcome.js';

async function start(): Promise<void> {
  const settings = readSettings(process.env);
  const app = await NestFactory.create(AppModule.forRoot(settings), { logger: ['log', 'warn', 'error', 'fatal'] });
  app.enableShutdownHooks();
  await listen(app, settings);
  const address = await app.getUrl();
  const itself = await app.get(SelfMonitor).watch(address);
  console.log(welcome(address, itself.id));
}

/** @throws BadSetting where the port is taken */
async function listen(app: INestApplication, { host, port }: Settings): Promise<void> {
  try {
    await app.listen(port, host);
  } catch (error) {
    await app.close();
    if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error;
    throw new BadSetting(
      `Port ${port} is in use. Stop what listens there, or choose another one: PORT=${port + 1} npm start`,
    );
  }
}

await start().catch((error: unknown) => {
  if (!(error instanceof BadSetting)) throw error;
  console.error(error.message);
  process.exitCode = 1;
});
