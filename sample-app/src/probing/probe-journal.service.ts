import { Injectable } from '@nestjs/common';
import { AlertsService } from '../alerts/alerts.service.js';
import { Transactions } from '../database/transactions.js';
import { Monitor } from '../monitors/monitor.entity.js';
import { ProbeResult } from '../monitors/probe-result.entity.js';
import type { ProbeOutcome } from './http-probe.js';

/** A probe's result, the monitor's new state and, when it went down, the alert: all of it or nothing. */
@Injectable()
export class ProbeJournal {
  constructor(
    private readonly transactions: Transactions,
    private readonly alerts: AlertsService,
  ) {}

  async record(monitor: Monitor, probedAt: Date, outcome: ProbeOutcome): Promise<void> {
    const { id, url } = monitor;
    const { up, error, httpStatus } = outcome;
    await this.transactions.run(async (manager) => {
      // What is absent stays undefined: libsql refuses a statement whose only parameter is null.
      await manager.insert(ProbeResult, { monitorId: id, probedAt, ...outcome });
      await manager.update(Monitor, id, { up, nextProbeAt: nextProbe(monitor) });
      if (up || monitor.up === false) return;
      await this.alerts.raise(manager, url, error ?? `it answered ${httpStatus}`);
    });
  }
}

function nextProbe({ intervalMs, nextProbeAt }: Monitor): Date {
  const now = Date.now();
  const planned = nextProbeAt.getTime() + intervalMs;
  return new Date(planned > now ? planned : now + intervalMs);
}
