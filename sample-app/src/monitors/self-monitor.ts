import { Injectable } from '@nestjs/common';
import type { Monitor } from './monitor.entity.js';
import { MonitorsService } from './monitors.service.js';

@Injectable()
export class SelfMonitor {
  constructor(private readonly monitors: MonitorsService) {}

  async watch(address: string): Promise<Monitor> {
    const url = new URL('/health', address).href;
    return (await this.monitors.find(url)) ?? this.monitors.register({ url, intervalMs: 2_000 });
  }
}
