import type { LoggerService } from '@nestjs/common';
import type { TickContext } from '../contract/contexts.js';
import type { Lease } from '../contract/lease.js';
import type { TickRunnable } from '../contract/runnable.js';
import type { WorkerDefinition } from '../definition/definition.js';
import { isAbortBy, type WorkerAborted } from '../shared/errors.js';
import type { LiveBody, Outcome, Part, Run } from '../supervision/ports.js';
import type { UnitEnvironment } from '../units/environment.js';
import type { UnitEnds } from '../units/follower.js';
import { NO_HEADERS, runUnit } from '../units/unit-runner.js';
import { Unit } from '../units/unit.js';
import { WorkerBody, sliceOf } from './worker-body.js';

/** One run of `every`: a unit. It drains at stop; only `cancel` aborts it. */
export class TickBody extends WorkerBody {
  constructor(
    environment: UnitEnvironment,
    definition: WorkerDefinition,
    readonly target: TickRunnable,
  ) {
    super(environment, definition);
  }

  start(run: Run): LiveBody {
    const tick = new Tick(this, run);
    runUnit(tick);
    return {
      ask: () => undefined,
      cancel: (reason: WorkerAborted) => tick.cancel(reason),
      wake: () => undefined,
    };
  }
}

class Tick extends Unit implements TickContext, UnitEnds {
  readonly incarnation: number;
  readonly scheduledAt: Date;

  constructor(
    private readonly site: TickBody,
    private readonly run: Run,
  ) {
    const { definition, environment } = site;
    const { kind, heartbeatTimeout, name } = definition;
    super(environment, {
      kind: 'tick',
      name,
      headers: NO_HEADERS,
      timeout: kind.type === 'tick' ? kind.timeout : undefined,
      beat: heartbeatTimeout === undefined ? undefined : () => run.report({ type: 'beat' }),
      slice: sliceOf(definition),
    });
    this.incarnation = run.incarnation;
    this.scheduledAt = new Date(environment.clock.wall() - environment.clock.now() + run.scheduledAt);
  }

  get owner(): object {
    return this.site.definition;
  }

  known(fn: () => unknown): unknown {
    return this.site.frame(fn);
  }

  work(): unknown {
    const { target } = this.site;
    return this.isBlind ? this.known(() => target.run(this)) : target.run(this);
  }

  get lease(): Lease | undefined {
    return this.run.lease;
  }

  get shard(): Part | undefined {
    return this.run.shard;
  }

  get logger(): LoggerService {
    return this.site.logger;
  }

  heartbeat(): void {
    this.run.report({ type: 'beat' });
  }

  extendStop(ms: number): void {
    this.run.report({ type: 'extendStop', ms });
  }

  succeeded(): void {
    this.settled({ type: 'completed' });
  }

  failed(error: unknown): void {
    const clean = this.reason !== undefined && isAbortBy(this.reason, error);
    this.settled(clean ? { type: 'aborted' } : { type: 'failed', error, within: this.failedWithin });
  }

  timedOut(error: WorkerAborted): void {
    this.run.report({ type: 'ended', outcome: { type: 'failed', error, within: this.beganWithin } });
  }

  /** What comes of it after a time-out counts no more. */
  private settled(outcome: Outcome): void {
    this.run.report({ type: 'settled', outcome: this.reason?.why === 'timeout' ? { type: 'aborted' } : outcome });
  }
}
