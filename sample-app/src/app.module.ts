import { Module } from '@nestjs/common';
import { APP_FILTER } from '@nestjs/core';
import { BackgroundWorkerModule } from 'nestjs-background-worker';
import { TypeOrmUnits } from 'nestjs-background-worker/typeorm';
import { DatabaseModule } from './database/database.module.js';
import { FetchingModule } from './fetching/fetching.module.js';
import { HealthController } from './health.controller.js';
import { ProbingModule } from './probing/probing.module.js';
import { SubscribersModule } from './subscribers/subscribers.module.js';
import { BusyFilter } from './tasks/busy.filter.js';
import { TasksController } from './tasks/tasks.controller.js';
import { WorkersController } from './workers/workers.controller.js';

@Module({
  imports: [
    BackgroundWorkerModule.forRoot({
      units: [TypeOrmUnits],
      pool: { concurrency: 16, queue: 200 },
      pools: { mail: { concurrency: 4 }, fetch: { concurrency: 8 } },
    }),
    DatabaseModule,
    ProbingModule,
    SubscribersModule,
    FetchingModule,
  ],
  controllers: [HealthController, WorkersController, TasksController],
  providers: [{ provide: APP_FILTER, useClass: BusyFilter }],
})
export class AppModule {}
