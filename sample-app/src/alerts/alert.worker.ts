import { BackgroundWorker } from 'nestjs-background-worker';
import { AlertsService } from './alerts.service.js';

/** Its first run, at the start, sends what the last process left behind. What the mail server refuses is tried at each run. */
@BackgroundWorker({ every: 10_000 })
export class AlertWorker {
  constructor(private readonly alerts: AlertsService) {}

  async run(): Promise<void> {
    for (const alert of await this.alerts.owed()) await this.alerts.send(alert);
  }
}
