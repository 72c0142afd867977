import { Controller, Get } from '@nestjs/common';
import { BackgroundWorkers } from 'nestjs-background-worker';
import { type WorkerView, toWorkerView } from './worker-view.js';

@Controller('workers')
export class WorkersController {
  constructor(private readonly workers: BackgroundWorkers) {}

  @Get()
  list(): WorkerView[] {
    return this.workers.list().map(toWorkerView);
  }
}
