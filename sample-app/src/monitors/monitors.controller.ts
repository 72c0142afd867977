import { Body, Controller, Get, Param, Post } from '@nestjs/common';
import { MonitorIdPipe } from './monitor-id.pipe.js';
import type { Monitor } from './monitor.entity.js';
import { type MonitorReport, MonitorReportService } from './monitor-report.service.js';
import { MonitorsService } from './monitors.service.js';
import { newMonitor, type NewMonitor } from './new-monitor.js';

@Controller('monitors')
export class MonitorsController {
  constructor(
    private readonly monitors: MonitorsService,
    private readonly reports: MonitorReportService,
  ) {}

  @Post()
  register(@Body({ schema: newMonitor }) monitor: NewMonitor): Promise<Monitor> {
    return this.monitors.register(monitor);
  }

  @Get()
  list(): Promise<Monitor[]> {
    return this.monitors.list();
  }

  @Get(':id')
  report(@Param('id', MonitorIdPipe) id: number): Promise<MonitorReport> {
    return this.reports.of(id);
  }
}
