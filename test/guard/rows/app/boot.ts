import 'reflect-metadata';
import { Module, type INestApplicationContext, type LogLevel, type OnModuleInit } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { BackgroundWorker, BackgroundWorkerModule, type WorkerContext } from 'nestjs-background-worker';
import { journal, untilMade } from './journal.js';
import { settings as edited } from './settings.js';
import type { Settings } from './shape.js';

export const settings: Settings = { ...(JSON.parse(process.env['ROW_SETTINGS'] ?? '{}') as Settings), ...edited };
const { name = 'app', workers = ['job'], drain = 0, drainUntil, init, guard = 'auto', key, enabled, port } = settings;

function worker(of: string): object {
  class Job {
    async run(ctx: WorkerContext): Promise<void> {
      journal('start', name);
      await ctx.sleep(2 ** 30).catch(() => undefined);
      journal('asked', name);
      if (drain > 0) await new Promise((resolve) => setTimeout(resolve, drain));
      if (drainUntil !== undefined) await untilMade(drainUntil);
      journal('stop', name);
    }
  }
  BackgroundWorker({ name: of, stopTimeout: 20_000 })(Job);
  return Job;
}

class SlowHook implements OnModuleInit {
  async onModuleInit(): Promise<void> {
    journal('init', name);
    if (init !== undefined) await untilMade(init);
  }
}

/** @param more providers */
export function rootModule(more: readonly object[] = []): object {
  const { [settings.rootModule ?? 'AppModule']: AppModule = Object } = {
    [settings.rootModule ?? 'AppModule']: class {},
  };
  const forRoot = BackgroundWorkerModule.forRoot({
    guard: { mode: guard, ...(key === undefined ? {} : { key }) },
    ...(enabled === undefined ? {} : { enabled }),
    shutdownTimeout: 20_000,
  });
  Module({ imports: [forRoot], providers: [SlowHook, ...workers.map(worker), ...more] as never })(AppModule);
  return AppModule;
}

export const options = { logger: ['debug', 'log', 'warn', 'error'] satisfies LogLevel[] };

async function made(): Promise<INestApplicationContext> {
  if (port === undefined) {
    const app = await NestFactory.createApplicationContext(rootModule(), options);
    app.enableShutdownHooks();
    return app;
  }
  const app = await NestFactory.create(rootModule() as never, options);
  app.enableShutdownHooks();
  await app.listen(port, '127.0.0.1');
  return app;
}

export async function boot(make = made): Promise<INestApplicationContext> {
  console.log(`>> PID ${process.pid}`);
  process.once('exit', () => journal('exit', name));
  try {
    const app = await make();
    journal('up', name);
    return app;
  } catch (error) {
    journal('lost', `${name} ${String((error as { code?: string }).code)}`);
    console.error(error);
    process.exit(3);
  }
}
