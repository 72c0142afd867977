import { NestFactory } from '@nestjs/core';
import { AppModule } from './app.module.js';
import { SelfMonitor } from './monitors/self-monitor.js';
import { readSettings } from './settings.js';
import { welcome } from './welcome.js';

const { host, port } = readSettings(process.env);

const app = await NestFactory.create(AppModule, { logger: ['log', 'warn', 'error', 'fatal'] });
app.enableShutdownHooks();

try {
  await app.listen(port, host);
  const address = await app.getUrl();
  const itself = await app.get(SelfMonitor).watch(address);
  console.log(welcome(address, itself.id));
} catch (error) {
  if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error;
  await app.close();
  console.error(`Port ${port} is in use. Stop what listens there, or choose another one: PORT=${port + 1} npm start`);
  process.exitCode = 1;
}
