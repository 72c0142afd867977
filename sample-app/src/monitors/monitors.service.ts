import { Injectable, NotFoundException } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { LessThanOrEqual, Repository } from 'typeorm';
import { Monitor } from './monitor.entity.js';
import type { NewMonitor } from './new-monitor.js';

@Injectable()
export class MonitorsService {
  constructor(@InjectRepository(Monitor) private readonly monitors: Repository<Monitor>) {}

  /** A URL is registered once; registering it again changes its interval. */
  async register({ url, intervalMs }: NewMonitor): Promise<Monitor> {
    await this.monitors.upsert({ url, intervalMs, nextProbeAt: new Date() }, ['url']);
    return this.monitors.findOneByOrFail({ url });
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
