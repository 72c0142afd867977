import { Module } from '@nestjs/common';
import { MonitorsModule } from '../monitors/monitors.module.js';
import { HttpProbe } from './http-probe.js';
import { ProbeJournal } from './probe-journal.service.js';
import { ProbeWorker } from './probe.worker.js';
import { PruneWorker } from './prune.worker.js';

@Module({
  imports: [MonitorsModule],
  providers: [HttpProbe, ProbeJournal, ProbeWorker, PruneWorker],
  exports: [HttpProbe],
})
export class ProbingModule {}
