import type { UnitContext } from '../contract/contexts.js';
import type { WorkerAborted } from '../shared/errors.js';
import type { Link } from '../shared/fifo.js';
import type { UnitSpec } from '../units/environment.js';
import type { UnitEnds } from '../units/follower.js';
import { Unit } from '../units/unit.js';
import type { WorkerBody } from './worker-body.js';
import type { Watched } from './watched-promise.js';

/** `plain` itself, unless there are headers or a time-out. */
export const specOver = (plain: UnitSpec, headers: UnitSpec['headers'], timeout: number | undefined): UnitSpec =>
  timeout === undefined && headers === plain.headers ? plain : { ...plain, headers, timeout };

/** What a unit needs of its loop. */
export interface UnitOwner {
  readonly site: WorkerBody;
  completed(): void;
  /** The function has settled. */
  left(unit: LoopUnit): void;
}

/** One `ctx.unitOfWork` of a loop. */
export class LoopUnit extends Unit implements UnitEnds, Link<LoopUnit> {
  before: LoopUnit | undefined = undefined;
  after: LoopUnit | undefined = undefined;

  constructor(
    private readonly loop: UnitOwner,
    spec: UnitSpec,
    private readonly fn: (unit: UnitContext) => unknown,
    private readonly result: Watched<unknown>,
  ) {
    super(loop.site.environment, spec);
  }

  get owner(): object {
    return this.loop.site.definition;
  }

  known(fn: () => unknown): unknown {
    return this.loop.site.frame(fn);
  }

  work(): unknown {
    return this.isBlind ? this.known(() => this.fn(this)) : this.fn(this);
  }

  succeeded(value: unknown): void {
    if (this.reason?.why !== 'timeout') {
      this.loop.completed();
      this.result.resolve(value);
    }
    this.loop.left(this);
  }

  failed(error: unknown): void {
    if (this.reason?.why !== 'timeout') this.result.reject(error);
    this.loop.left(this);
  }

  timedOut(reason: WorkerAborted): void {
    this.result.reject(reason);
  }
}
