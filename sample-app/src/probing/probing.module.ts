import { Module } from '@nestjs/common';
import { MonitorsModule } from '../monitors/monitors.module.js';
import { HttpProbe } from './http-probe.js';
import { ProbeWorker } from './probe.worker.js';
import { PruneWorker } from './prune.worker.js';

@Module({
  imports: [MonitorsModule],
  providers: [HttpProbe, ProbeWorker, PruneWorker],
})
export class ProbingModule {}
