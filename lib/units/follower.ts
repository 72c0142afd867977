import { AsyncLocalStorage } from 'node:async_hooks';
import type { Timer } from '../shared/clock.js';
import type { WorkerAborted } from '../shared/errors.js';
import type { Unit } from './unit.js';

/** Told how a unit ended, never in the stack of who began it. */
export interface UnitEnds {
  succeeded(value: unknown): void;
  failed(error: unknown): void;
  /** Comes before one of the others: the function still runs. Not of a unit that was cancelled before. */
  timedOut(reason: WorkerAborted): void;
}

export type EndingUnit = Unit & UnitEnds;

const idle: Follower[] = [];
const KEPT = 64;

/** Tells the unit how this ends, and ends its time limit. @returns a promise that was made just now, in the unit's context */
export const follow = (unit: EndingUnit, running: Promise<unknown>, limit: Timer | undefined): Promise<void> =>
  (idle.pop() ?? new Follower()).follow(unit, running, limit);

/** Waits for one unit after the other: no closures a unit. */
class Follower {
  private unit: EndingUnit | undefined;
  private limit: Timer | undefined;

  /** By the true `then` of promises: whatever one has in its place, it is told once. */
  follow(unit: EndingUnit, running: Promise<unknown>, limit: Timer | undefined): Promise<void> {
    this.unit = unit;
    this.limit = limit;
    return Promise.prototype.then.call(running, this.succeeded, this.failed) as Promise<void>;
  }

  private readonly succeeded = (value: unknown): void => this.leave()?.succeeded(value);

  private readonly failed = (error: unknown): void => {
    const unit = this.leave();
    if (!unit) return;
    unit.failedWithin ??= AsyncLocalStorage.snapshot();
    unit.failed(error);
  };

  private leave(): EndingUnit | undefined {
    const { unit } = this;
    this.limit?.cancel();
    this.unit = this.limit = undefined;
    if (idle.length < KEPT) idle.push(this);
    unit?.end();
    return unit;
  }
}
