import { Module } from '@nestjs/common';
import { AlertsModule } from '../alerts/alerts.module.js';
import { MonitorsModule } from '../monitors/monitors.module.js';
import { HttpProbe } from './http-probe.js';
import { ProbeJournal } from './probe-journal.service.js';
import { ProbeWorker } from './probe.worker.js';
import { PruneWorker } from './prune.worker.js';

@Module({
  imports: [MonitorsModule, AlertsModule],
  providers: [HttpProbe, ProbeJournal, ProbeWorker, PruneWorker],
  exports: [HttpProbe],
})
export class ProbingModule {}
