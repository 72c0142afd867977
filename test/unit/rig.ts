import type { ModuleRef } from '@nestjs/core';
import type { TickContext, WorkerContext } from '../../lib/contract/contexts.js';
import type { WorkerEvent } from '../../lib/contract/events.js';
import type { Runnable, TickRunnable } from '../../lib/contract/runnable.js';
import type { UnitInterceptor } from '../../lib/contract/units.js';
import { defineWorker } from '../../lib/definition/definition.js';
import type { LoopOptions, TickOptions, WorkerOptions } from '../../lib/definition/options.js';
import { EventHub } from '../../lib/events/event-hub.js';
import { bodyOf } from '../../lib/execution/body-of.js';
import { Inside } from '../../lib/shared/inside.js';
import { RootContext } from '../../lib/shared/root-context.js';
import { SupervisedHandle } from '../../lib/supervision/handle.js';
import type { Policy } from '../../lib/supervision/machine/machine.js';
import { Stage } from '../../lib/supervision/stage.js';
import { Supervisor } from '../../lib/supervision/supervisor.js';
import { UNIT_EVENTS, type UnitEnvironment } from '../../lib/units/environment.js';
import { FakeClock } from '../support/fake-clock.js';

/** A worker as the app makes it, on the fake clock, without Nest. */
export class Rig {
  readonly clock = new FakeClock();
  readonly events: WorkerEvent[] = [];
  readonly errors: unknown[] = [];
  readonly stage = new Stage();
  readonly supervisor: Supervisor;
  readonly handle: SupervisedHandle;

  constructor(
    options: WorkerOptions,
    target: Runnable | TickRunnable,
    interceptors: readonly UnitInterceptor[] = [],
    onError: () => void = () => undefined,
  ) {
    this.clock.draw = 0;
    const root = new RootContext();
    const hub = new EventHub(this.clock, (error) => this.errors.push(error), root.run);
    hub.onAny((event) => this.events.push(event));
    const inside = new Inside();
    const environment: UnitEnvironment = {
      clock: this.clock,
      hub,
      moduleRef: {} as ModuleRef,
      inside,
      unitAudience: hub.audience(UNIT_EVENTS),
      root,
      interceptors,
    };
    const policy: Policy = { ...defineWorker('RigWorker', options), shutdownTimeout: 25_000, gates: [] };
    this.supervisor = new Supervisor(policy, [], bodyOf(environment, policy, target), {
      clock: this.clock,
      hub,
      onError,
      onFatal: () => undefined,
    });
    this.handle = new SupervisedHandle(this.supervisor, this.stage, inside);
  }

  /** Open, started, and run up to the first wait. */
  async started(): Promise<this> {
    this.stage.open();
    await this.handle.start();
    await this.clock.advance(0);
    return this;
  }

  /** Of one type, in order. */
  seen<T extends WorkerEvent['type']>(type: T): readonly (WorkerEvent & { readonly type: T })[] {
    return this.events.filter((event): event is WorkerEvent & { readonly type: T } => event.type === type);
  }
}

/** Of `run`, which is given the rig too. */
export function loop(
  run: (ctx: WorkerContext, rig: Rig) => ReturnType<Runnable['run']>,
  options: LoopOptions = {},
): Promise<Rig> {
  const rig: Rig = new Rig(options, { run: (ctx: WorkerContext) => run(ctx, rig) });
  return rig.started();
}

export function tick(run: (ctx: TickContext, rig: Rig) => unknown, options: TickOptions): Promise<Rig> {
  const rig: Rig = new Rig(options, { run: (ctx: TickContext) => run(ctx, rig) });
  return rig.started();
}

export interface Outcome<T> {
  readonly state: 'pending' | 'resolved' | 'rejected';
  readonly value?: T;
  readonly error?: unknown;
}

/** What a promise comes to, without waiting for it. */
export function outcome<T>(promise: Promise<T>): Outcome<T> {
  const seen: Outcome<T> = { state: 'pending' };
  promise.then(
    (value) => Object.assign(seen, { state: 'resolved', value }),
    (error: unknown) => Object.assign(seen, { state: 'rejected', error }),
  );
  return seen;
}

/** What reaches the process's last resort until the end of the test. */
export function strays(): { readonly seen: unknown[]; end(): void } {
  const seen: unknown[] = [];
  const add = (error: unknown): void => void seen.push(error);
  const kinds = ['uncaughtException', 'unhandledRejection'] as const;
  const before = kinds.map((kind) => process.listeners(kind as 'uncaughtException'));
  kinds.forEach((kind) => process.removeAllListeners(kind).on(kind, add));
  const end = (): void =>
    kinds.forEach((kind, index) => {
      process.removeListener(kind, add);
      before[index]?.forEach((listener) => process.on(kind, listener));
    });
  return { seen, end };
}
