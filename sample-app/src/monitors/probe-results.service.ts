import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { LessThan, Repository } from 'typeorm';
import { Transactions } from '../database/transactions.js';
import { ProbeResult } from './probe-result.entity.js';

@Injectable()
export class ProbeResultsService {
  constructor(
    @InjectRepository(ProbeResult) private readonly results: Repository<ProbeResult>,
    private readonly transactions: Transactions,
  ) {}

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
    const ids = expired.map(({ id }) => id);
    if (ids.length > 0) await this.transactions.run((manager) => manager.delete(ProbeResult, ids));
    return ids.length;
  }
}
