import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { MonitorReportService } from './monitor-report.service.js';
import { Monitor } from './monitor.entity.js';
import { MonitorsController } from './monitors.controller.js';
import { MonitorsService } from './monitors.service.js';
import { ProbeResult } from './probe-result.entity.js';
import { ProbeResultsService } from './probe-results.service.js';
import { ProbeStatisticsService } from './probe-statistics.service.js';
import { SelfMonitor } from './self-monitor.js';

@Module({
  imports: [TypeOrmModule.forFeature([Monitor, ProbeResult])],
  controllers: [MonitorsController],
  providers: [MonitorsService, MonitorReportService, ProbeResultsService, ProbeStatisticsService, SelfMonitor],
  exports: [MonitorsService, ProbeResultsService],
})
export class MonitorsModule {}
