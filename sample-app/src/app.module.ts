import { Module, type DynamicModule } from '@nestjs/common';
import { APP_GUARD, APP_INTERCEPTOR, APP_PIPE } from '@nestjs/core';
import { BackgroundWorkerModule } from 'nestjs-background-worker';
import { bodyPipe } from './body/body.pipe.js';
import { JsonGuard } from './body/json.guard.js';
import { DatabaseModule } from './database/database.module.js';
import { FetchingModule } from './fetching/fetching.module.js';
import { HealthController } from './health.controller.js';
import { ProbingModule } from './probing/probing.module.js';
import { type Settings } from './settings/settings.js';
import { SettingsModule } from './settings/settings.module.js';
import { SubscribersModule } from './subscribers/subscribers.module.js';
import { BusyInterceptor } from './tasks/busy.interceptor.js';
import { TasksController } from './tasks/tasks.controller.js';
import { WorkersController } from './workers/workers.controller.js';

@Module({
  imports: [
    BackgroundWorkerModule.forRoot({
      pool: { concurrency: 4, queue: 200 }, // all mail: what is dispatched, and what goes to all subscribers
      // Tasks that wait for other tasks are in `lists`, and what they wait for is not: in one pool they could wait for ever.
      pools: { lists: { concurrency: 16, queue: 200 }, fetch: { concurrency: 8 }, probe: { concurrency: 8 } },
    }),
    DatabaseModule,
    ProbingModule,
    SubscribersModule,
    FetchingModule,
  ],
  controllers: [HealthController, WorkersController, TasksController],
  providers: [
    { provide: APP_GUARD, useClass: JsonGuard },
    { provide: APP_PIPE, useValue: bodyPipe },
    { provide: APP_INTERCEPTOR, useClass: BusyInterceptor },
  ],
})
export class AppModule {
  static forRoot(settings: Settings): DynamicModule {
    return { module: AppModule, imports: [SettingsModule.forRoot(settings)] };
  }
}
