import type { WorkerAborted } from '../shared/errors.js';
import type { UnitEnvironment, UnitSpec } from '../units/environment.js';
import { Unit } from '../units/unit.js';
import type { UnitEnds } from '../units/unit-runner.js';
import type { Watched } from './watched-promise.js';

/** `plain` itself, unless there are headers or a time-out. */
export const specOver = (plain: UnitSpec, headers: UnitSpec['headers'], timeout: number | undefined): UnitSpec =>
  timeout === undefined && headers === plain.headers ? plain : { ...plain, headers, timeout };

/** What a unit needs of its loop. */
export interface UnitOwner {
  completed(): void;
  /** The function has settled. */
  left(unit: Unit): void;
}

/** One `ctx.unitOfWork` of a loop. */
export class LoopUnit<T> extends Unit implements UnitEnds {
  constructor(
    environment: UnitEnvironment,
    spec: UnitSpec,
    private readonly owner: UnitOwner,
    private readonly result: Watched<T>,
  ) {
    super(environment, spec);
  }

  succeeded(value: unknown): void {
    if (this.reason?.why !== 'timeout') {
      this.owner.completed();
      this.result.resolve(value as T);
    }
    this.owner.left(this);
  }

  failed(error: unknown): void {
    if (this.reason?.why !== 'timeout') this.result.reject(error);
    this.owner.left(this);
  }

  timedOut(reason: WorkerAborted): void {
    this.result.reject(reason);
  }
}
