import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { Repository } from 'typeorm';
import { ProbeResult } from './probe-result.entity.js';

export interface ProbeStatistics {
  readonly probes: number;
  /** From 0 to 1; null before the first probe. */
  readonly uptime: number | null;
  /** Of the successful probes; null while there is none. */
  readonly latencyMs: Record<'p50' | 'p95' | 'p99', number | null>;
}

@Injectable()
export class ProbeStatisticsService {
  constructor(@InjectRepository(ProbeResult) private readonly results: Repository<ProbeResult>) {}

  async of(monitorId: number): Promise<ProbeStatistics> {
    const probes = await this.results.countBy({ monitorId });
    const successes = await this.results.countBy({ monitorId, up: true });
    return {
      probes,
      uptime: probes === 0 ? null : successes / probes,
      latencyMs: await this.latencyPercentiles(monitorId),
    };
  }

  private async latencyPercentiles(monitorId: number): Promise<ProbeStatistics['latencyMs']> {
    const percentiles = await this.results.manager
      .createQueryBuilder()
      .select('MIN(CASE WHEN share >= 0.50 THEN latency END)', 'p50')
      .addSelect('MIN(CASE WHEN share >= 0.95 THEN latency END)', 'p95')
      .addSelect('MIN(CASE WHEN share >= 0.99 THEN latency END)', 'p99')
      .from(
        (ranked) =>
          ranked
            .select('result.latencyMs', 'latency')
            .addSelect('CUME_DIST() OVER (ORDER BY result.latencyMs)', 'share')
            .from(ProbeResult, 'result')
            .where('result.monitorId = :monitorId AND result.up = :up', { monitorId, up: true }),
        'ranked',
      )
      .getRawOne<ProbeStatistics['latencyMs']>();
    return percentiles ?? { p50: null, p95: null, p99: null };
  }
}
