import type { LoggerService } from '@nestjs/common';
import type { TickContext, Token } from '../contract/contexts.js';
import type { TickRunnable } from '../contract/runnable.js';
import type { WorkerDefinition } from '../definition/definition.js';
import { isAbortBy, type WorkerAborted } from '../shared/errors.js';
import type { LiveBody, Outcome, Run } from '../supervision/ports.js';
import { runUnit, type RunningUnit } from '../units/unit-runner.js';
import type { Unit } from '../units/unit.js';
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
    const { kind, heartbeatTimeout, name } = definition;
    const running = runUnit(
      runtime,
      {
        kind: 'tick',
        name,
        headers: {},
        timeout: kind.type === 'tick' ? kind.timeout : undefined,
        beat: heartbeatTimeout === undefined ? undefined : () => run.report({ type: 'beat' }),
        slice: sliceOf(definition),
      },
      (unit) => runtime.inside.run(definition, () => this.target.run(new Tick(this, run, unit))),
    );
    void follow(running, run);
    return {
      ask: () => undefined,
      cancel: (reason: WorkerAborted) => running.unit.cancel(reason),
      wake: () => undefined,
    };
  }
}

async function follow({ unit, result, settled }: RunningUnit<unknown>, run: Run): Promise<void> {
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

class Tick implements TickContext {
  readonly name: string;
  readonly incarnation: number;

  constructor(
    private readonly site: Site,
    private readonly run: Run,
    private readonly unit: Unit,
  ) {
    this.name = site.definition.name;
    this.incarnation = run.incarnation;
    this.scheduledAt = new Date(site.runtime.clock.wall() - site.runtime.clock.now() + run.scheduledAt);
  }

  readonly scheduledAt: Date;

  get logger(): LoggerService {
    return this.site.logger;
  }

  get id(): string {
    return this.unit.id;
  }

  get signal(): AbortSignal {
    return this.unit.signal;
  }

  get headers(): Readonly<Record<string, string>> {
    return this.unit.headers;
  }

  sleep(ms: number): Promise<void> {
    return this.unit.sleep(ms);
  }

  get<T = unknown>(token: Token<T>): T {
    return this.unit.get(token);
  }

  resolve<T = unknown>(token: Token<T>): Promise<T> {
    return this.unit.resolve(token);
  }

  heartbeat(): void {
    this.run.report({ type: 'beat' });
  }

  extendStop(ms: number): void {
    this.run.report({ type: 'extendStop', ms });
  }
}
