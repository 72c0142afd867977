/** Compiled by `npm run typecheck`, never run: what the decorator accepts and refuses. */
import { of, type Observable } from 'rxjs';
import {
  BackgroundWorker,
  type TickContext,
  type UnitContext,
  type WorkerContext,
  type WorkerOptions,
} from '../../lib/index.js';

// ── accepted ──

@BackgroundWorker()
export class Loop {
  async run(ctx: WorkerContext): Promise<void> {
    for await (const _ of ctx.ticks(1_000)) await ctx.unitOfWork((unit: UnitContext) => unit.sleep(1), { timeout: 5 });
    const answer: number = await ctx.spawn(async (child: WorkerContext) => child.incarnation);
    ctx.logger.log(answer);
  }
}

@BackgroundWorker({ restart: 'always', readyTimeout: 5, critical: true })
export class NoContext {
  async run(): Promise<number> {
    return 1;
  }
}

@BackgroundWorker({ name: 'generator', autoStart: false, phase: -1, backoff: { initial: 5 } })
export class AsyncGenerator_ {
  async *run(ctx: WorkerContext): AsyncGenerator<number> {
    yield ctx.incarnation;
  }
}

@BackgroundWorker({ heartbeatTimeout: 5 })
export class Observed {
  run(): Observable<number> {
    return of(1);
  }
}

@BackgroundWorker()
export class Property {
  run = async (ctx: WorkerContext): Promise<void> => ctx.ready();
}

@BackgroundWorker()
export abstract class Base {
  abstract run(ctx: WorkerContext): Promise<void>;
}

@BackgroundWorker({ every: 1_000 })
export class SyncTick {
  run(ctx: TickContext): number {
    return ctx.scheduledAt.getTime();
  }
}

@BackgroundWorker({ every: { rate: 1_000, initialDelay: 5, jitter: 5 }, timeout: 5 })
export class Rate {
  async run(ctx: TickContext): Promise<void> {
    await ctx.sleep(ctx.get<number>('ms'));
    await ctx.resolve(Loop).then((loop: Loop) => loop.constructor);
  }
}

@BackgroundWorker({ every: { delay: 1_000, initialDelay: 5, jitter: 5 } })
export class UnitIsEnough {
  run(ctx: UnitContext): Promise<void> {
    return ctx.sleep(5);
  }
}

@BackgroundWorker({ cron: { expression: '* * * * *', timeZone: 'UTC', catchUp: 'once' } })
export class Cron {
  run(): void {}
}

// ── refused ──

// @ts-expect-error no run
@BackgroundWorker()
export class NoRun {
  go(): void {}
}

// @ts-expect-error no run
@BackgroundWorker({ every: 1_000 })
export class NoRunTick {}

// @ts-expect-error run is no function
@BackgroundWorker()
export class NoFunction {
  run = 5;
}

// @ts-expect-error a loop is given no TickContext
@BackgroundWorker()
export class TickContextInLoop {
  async run(ctx: TickContext): Promise<void> {
    ctx.heartbeat();
  }
}

// @ts-expect-error nor as a property
@BackgroundWorker()
export class TickContextInLoopProperty {
  run = async (ctx: TickContext): Promise<void> => ctx.heartbeat();
}

// @ts-expect-error a tick is given no WorkerContext
@BackgroundWorker({ every: 1_000 })
export class WorkerContextInTick {
  async run(ctx: WorkerContext): Promise<void> {
    ctx.heartbeat();
  }
}

// @ts-expect-error a loop is a promise, an iterable or an Observable
@BackgroundWorker()
export class SyncLoop {
  run(): void {}
}

// @ts-expect-error nothing but the context is given
@BackgroundWorker()
export class TwoParameters {
  async run(ctx: WorkerContext, more: string): Promise<void> {
    ctx.logger.log(more);
  }
}

const decorators = [
  // @ts-expect-error every and cron
  BackgroundWorker({ every: 5, cron: '* * * * *' }),
  // @ts-expect-error shards on a tick
  BackgroundWorker({ every: 5, shards: 4 }),
  // @ts-expect-error restart on a tick
  BackgroundWorker({ every: 5, restart: 'never' }),
  // @ts-expect-error readyTimeout on a tick
  BackgroundWorker({ every: 5, readyTimeout: 5 }),
  // @ts-expect-error timeout on a loop
  BackgroundWorker({ timeout: 5 }),
  // @ts-expect-error rate and delay are one or the other, and needed
  BackgroundWorker({ every: { initialDelay: 5 } }),
  // @ts-expect-error no such restart mode
  BackgroundWorker({ restart: 'sometimes' }),
  // @ts-expect-error no such option
  BackgroundWorker({ maxFailure: 5 }),
  // @ts-expect-error times are numbers
  BackgroundWorker({ stopTimeout: '5s' }),
  // @ts-expect-error no such part of the backoff
  BackgroundWorker({ backoff: { min: 5 } }),
  BackgroundWorker({ every: 5, timeout: 5 }),
  BackgroundWorker({ shards: 4, singleton: 'cluster' }),
];

export const both: WorkerOptions[] = [{}, { every: 5 }, { restart: 'never' }];
export { decorators };

export type Wrong = [
  // @ts-expect-error ticks are for loops
  TickContext['ticks'],
  // @ts-expect-error so are units inside
  TickContext['unitOfWork'],
  // @ts-expect-error a loop is no unit
  WorkerContext['resolve'],
  // @ts-expect-error a loop has no slot
  WorkerContext['scheduledAt'],
];

export function contexts(loop: WorkerContext): void {
  // @ts-expect-error read only
  loop.name = 'x';
  // @ts-expect-error a child is async
  void loop.spawn(() => 5);
}
