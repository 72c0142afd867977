import { Injectable } from '@nestjs/common';
import { BackgroundTasks } from 'nestjs-background-worker';
import { onCommit } from 'nestjs-background-worker/typeorm';
import { Transactions } from '../database/transactions.js';
import { MailTasks } from '../mail/mail.tasks.js';
import { Monitor } from '../monitors/monitor.entity.js';
import { ProbeResult } from '../monitors/probe-result.entity.js';
import type { ProbeOutcome } from './http-probe.js';

/** A probe's result, the monitor's new state and, when it went down, the alert: all of it or nothing. */
@Injectable()
export class ProbeJournal {
  constructor(
    private readonly transactions: Transactions,
    private readonly tasks: BackgroundTasks,
  ) {}

  async record(monitor: Monitor, probedAt: Date, outcome: ProbeOutcome): Promise<void> {
    const { id, url } = monitor;
    const { up, error, httpStatus } = outcome;
    await this.transactions.run(async (manager) => {
      // What is absent stays undefined: libsql refuses a statement whose only parameter is null.
      await manager.insert(ProbeResult, { monitorId: id, probedAt, ...outcome });
      await manager.update(Monitor, id, { up, nextProbeAt: nextProbe(monitor) });
      if (up || monitor.up === false) return;
      const reason = error ?? `it answered ${httpStatus}`;
      onCommit(manager, () => this.tasks.dispatch(MailTasks, 'alert', { url, reason }), { name: 'alert' });
    });
  }
}

function nextProbe({ intervalMs, nextProbeAt }: Monitor): Date {
  const now = Date.now();
  const planned = nextProbeAt.getTime() + intervalMs;
  return new Date(planned > now ? planned : now + intervalMs);
}
