import { Injectable } from '@nestjs/common';
import type { Monitor } from './monitor.entity.js';
import { MonitorsService } from './monitors.service.js';
import type { ProbeResult } from './probe-result.entity.js';
import { ProbeResultsService } from './probe-results.service.js';
import { type ProbeStatistics, ProbeStatisticsService } from './probe-statistics.service.js';

export interface MonitorReport extends ProbeStatistics {
  readonly monitor: Monitor;
  readonly lastResults: ProbeResult[];
}

@Injectable()
export class MonitorReportService {
  constructor(
    private readonly monitors: MonitorsService,
    private readonly results: ProbeResultsService,
    private readonly statistics: ProbeStatisticsService,
  ) {}

  async of(id: number): Promise<MonitorReport> {
    return {
      monitor: await this.monitors.get(id),
      ...(await this.statistics.of(id)),
      lastResults: await this.results.latest(id, 10),
    };
  }
}
