import { Module } from '@nestjs/common';
import { BackgroundWorkerModule } from 'nestjs-background-worker';
import { DatabaseModule } from './database/database.module.js';
import { HealthController } from './health.controller.js';
import { ProbingModule } from './probing/probing.module.js';
import { WorkersController } from './workers/workers.controller.js';

@Module({
  imports: [BackgroundWorkerModule, DatabaseModule, ProbingModule],
  controllers: [HealthController, WorkersController],
})
export class AppModule {}
