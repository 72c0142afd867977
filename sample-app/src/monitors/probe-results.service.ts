import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { LessThan, Repository } from 'typeorm';
import { ProbeResult } from './probe-result.entity.js';

type NewProbeResult = Pick<ProbeResult, 'monitorId' | 'probedAt' | 'up' | 'latencyMs'> & {
  readonly httpStatus?: number;
  readonly error?: string;
};

@Injectable()
export class ProbeResultsService {
  constructor(@InjectRepository(ProbeResult) private readonly results: Repository<ProbeResult>) {}

  // insert() and not save(): save() opens a transaction, and probes at once would share the one of SQLite's connection.
  // What is absent stays undefined: libsql refuses a statement whose only parameter is null.
  async add(result: NewProbeResult): Promise<void> {
    await this.results.insert(result);
  }

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
