import type { LoggerService } from '@nestjs/common';
import type { BackgroundWorkerModuleOptions } from '../../definition/module-options.js';
import type { Audience } from '../../events/event-hub.js';
import type { Ends } from '../../events/notices.js';
import { OwnLogger } from '../../shared/own-logger.js';
import type { UnitEnvironment } from '../../units/environment.js';
import { Intake } from './intake.js';
import { Ledger } from './ledger.js';

/** Those that every task is: told where somebody listens, and too often to look it up. */
export const USUAL = ['taskQueued', 'taskStarted', 'taskCompleted'] as const;

/** What all pools of an app share. */
export interface TaskEnvironment extends UnitEnvironment {
  readonly ledger: Ledger;
  readonly intake: Intake;
  /** Of the events that every task is. */
  readonly usualAudience: Audience;
  /** How many have ended how, for the report at the end of the app. */
  readonly ends: { -readonly [K in keyof Ends]: number };
  /** What a task is given. */
  readonly taskLogger: LoggerService;
  /** The app's own reporter. */
  readonly reporter: BackgroundWorkerModuleOptions['onError'];
}

export const taskEnvironment = (
  units: UnitEnvironment,
  reporter: BackgroundWorkerModuleOptions['onError'],
): TaskEnvironment => ({
  ...units,
  ledger: new Ledger(),
  intake: new Intake(units.hub, units.inside),
  usualAudience: units.hub.audience(USUAL),
  ends: { drained: 0, cut: 0, lost: 0, handedBack: 0 },
  taskLogger: new OwnLogger('BackgroundTask'),
  reporter,
});
