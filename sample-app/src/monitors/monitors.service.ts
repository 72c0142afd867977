import { Injectable, NotFoundException } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { LessThanOrEqual, Repository } from 'typeorm';
import { Transactions } from '../database/transactions.js';
import { Monitor } from './monitor.entity.js';
import type { NewMonitor } from './new-monitor.js';

@Injectable()
export class MonitorsService {
  constructor(
    @InjectRepository(Monitor) private readonly monitors: Repository<Monitor>,
    private readonly transactions: Transactions,
  ) {}

  /** A URL is registered once; registering it again changes its interval. */
  register({ url, intervalMs }: NewMonitor): Promise<Monitor> {
    return this.transactions.run(async (manager) => {
      await manager.upsert(Monitor, { url, intervalMs, nextProbeAt: new Date() }, ['url']);
      return manager.findOneByOrFail(Monitor, { url });
    });
  }

  list(): Promise<Monitor[]> {
    return this.monitors.find({ order: { id: 'ASC' } });
  }

  async get(id: number): Promise<Monitor> {
    const monitor = await this.monitors.findOneBy({ id });
    if (!monitor) throw new NotFoundException(`There is no monitor ${id}`);
    return monitor;
  }

  find(url: string): Promise<Monitor | null> {
    return this.monitors.findOneBy({ url });
  }

  findDue(limit: number): Promise<Monitor[]> {
    return this.monitors.find({
      where: { nextProbeAt: LessThanOrEqual(new Date()) },
      order: { nextProbeAt: 'ASC' },
      take: limit,
    });
  }
}
