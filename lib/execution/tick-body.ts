import type { LoggerService } from '@nestjs/common';
import type { TickContext } from '../contract/contexts.js';
import type { TickRunnable } from '../contract/runnable.js';
import type { WorkerDefinition } from '../definition/definition.js';
import { isAbortBy, type WorkerAborted } from '../shared/errors.js';
import type { LiveBody, Outcome, Run } from '../supervision/ports.js';
import { runUnit, type RunningUnit } from '../units/unit-runner.js';
import { Unit } from '../units/unit.js';
import { Site, sliceOf, type Runtime } from './runtime.js';

/** One run of `every`: a unit. It drains at stop; only `cancel` aborts it. */
export class TickBody extends Site {
  constructor(
    runtime: Runtime,
    definition: WorkerDefinition,
    private readonly target: TickRunnable,
  ) {
    super(runtime, definition);
  }

  start(run: Run): LiveBody {
    const { runtime, definition } = this;
    const tick = new Tick(this, run);
    const work = (): unknown => runtime.inside.run(definition, () => this.target.run(tick));
    void follow(tick, run, runUnit(runtime, tick, work));
    return {
      ask: () => undefined,
      cancel: (reason: WorkerAborted) => tick.cancel(reason),
      wake: () => undefined,
    };
  }
}

async function follow(unit: Unit, run: Run, { result, settled }: RunningUnit<unknown>): Promise<void> {
  let over = false;
  const end = settled.then(() => (over = true));
  const outcome = await result.then<Outcome, Outcome>(
    () => ({ as: 'completed' }),
    (error: unknown) => {
      const clean = unit.reason && unit.reason.why !== 'timeout' && isAbortBy(unit.reason, error);
      return clean ? { as: 'aborted' } : { as: 'failed', error, within: unit.failedWithin };
    },
  );
  await Promise.resolve();
  if (over) return run.report({ type: 'settled', outcome });
  run.report({ type: 'ended', outcome });
  await end;
  run.report({ type: 'settled', outcome: { as: 'aborted' } });
}

class Tick extends Unit implements TickContext {
  readonly incarnation: number;
  readonly scheduledAt: Date;

  constructor(
    private readonly site: Site,
    private readonly run: Run,
  ) {
    const { definition, runtime } = site;
    const { kind, heartbeatTimeout, name } = definition;
    super(runtime, {
      kind: 'tick',
      name,
      headers: {},
      timeout: kind.type === 'tick' ? kind.timeout : undefined,
      beat: heartbeatTimeout === undefined ? undefined : () => run.report({ type: 'beat' }),
      slice: sliceOf(definition),
    });
    this.incarnation = run.incarnation;
    this.scheduledAt = new Date(runtime.clock.wall() - runtime.clock.now() + run.scheduledAt);
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
}
