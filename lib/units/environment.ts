import type { ModuleRef } from '@nestjs/core';
import type { UnitInfo, UnitInterceptor } from '../contract/units.js';
import type { Audience, EventHub } from '../events/event-hub.js';
import type { Clock } from '../shared/clock.js';
import type { Inside } from '../shared/inside.js';
import type { RootContext } from '../shared/root-context.js';

/** What all units of an app share. */
export interface UnitEnvironment {
  readonly clock: Clock;
  readonly hub: EventHub;
  /** Of the events of units. */
  readonly unitAudience: Audience;
  readonly moduleRef: ModuleRef;
  readonly root: RootContext;
  readonly inside: Inside;
  readonly interceptors: readonly UnitInterceptor[];
}

export const UNIT_EVENTS = ['unitStarted', 'unitCompleted', 'unitFailed'] as const;

/** Nobody is around the unit, and nobody is told of it. */
export const isBare = ({ interceptors, unitAudience }: UnitEnvironment): boolean =>
  interceptors.length === 0 && !unitAudience.isThere;

export interface UnitSpec {
  readonly kind: UnitInfo['kind'];
  /** The worker's name. */
  readonly name: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly timeout?: number;
  /** Told of signs of life. */
  readonly beat?: () => void;
  /** How often a sleep gives one. */
  readonly slice?: number;
}
