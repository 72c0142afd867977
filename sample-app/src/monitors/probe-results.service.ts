import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { LessThan, Repository } from 'typeorm';
import { ProbeResult } from './probe-result.entity.js';

@Injectable()
export class ProbeResultsService {
  constructor(@InjectRepository(ProbeResult) private readonly results: Repository<ProbeResult>) {}

  latest(monitorId: number, limit: number): Promise<ProbeResult[]> {
    return this.results.find({ where: { monitorId }, order: { probedAt: 'DESC', id: 'DESC' }, take: limit });
  }

  /** Answers how many it deleted, at most `limit`. */
  async deleteOlderThan(instant: Date, limit: number): Promise<number> {
    const expired = await this.results.find({
      select: { id: true },
      where: { probedAt: LessThan(instant) },
      take: limit,
    });
    if (expired.length > 0) await this.results.delete(expired.map(({ id }) => id));
    return expired.length;
  }
}
