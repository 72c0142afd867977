import type { LoggerService } from '@nestjs/common';
import type { UnitContext, WorkerContext } from '../contract/contexts.js';
import { checkAll, milliseconds } from '../definition/check.js';
import { latestSlot } from '../definition/schedule.js';
import { WorkerAborted, isAbortBy } from '../shared/errors.js';
import type { LiveBody, Outcome, Run } from '../supervision/ports.js';
import { Fifo } from '../shared/fifo.js';
import { Pace } from '../units/pace.js';
import { NO_HEADERS, capture, runUnit } from '../units/unit-runner.js';
import type { UnitSpec } from '../units/environment.js';
import type { Driven } from './drive.js';
import { LoopUnit, specOver, type UnitOwner } from './loop-unit.js';
import { Parts } from './parts.js';
import { sliceOf, type WorkerBody } from './worker-body.js';
import { Watched } from './watched-promise.js';

const UNIT_OPTIONS = { timeout: milliseconds(1) };
const TICKS_OPTIONS = { ms: milliseconds(1) };

/** One run of a loop: what the supervisor steers, and what the body is given. */
export class Loop implements LiveBody, WorkerContext, Driven, UnitOwner {
  readonly name: string;
  readonly incarnation = this.run.incarnation;
  readonly logger: LoggerService = this.site.logger;
  readonly lease = this.run.lease;
  readonly shard = this.run.shard;

  private readonly controller = new AbortController();
  /** Of its units, unless they have headers or a time-out. */
  private readonly plain: UnitSpec;
  private readonly pace: Pace;
  private readonly parts: Parts;
  private readonly units = new Fifo<LoopUnit>();
  private readonly onAsked: (() => void)[] = [];
  private reason: WorkerAborted | undefined;

  constructor(
    readonly site: WorkerBody,
    private readonly run: Run,
  ) {
    const { definition, environment } = site;
    this.name = definition.name;
    const slice = sliceOf(definition);
    this.plain = { kind: 'unit', name: this.name, headers: NO_HEADERS, beat: this.beat, slice };
    this.pace = new Pace(environment.clock, this.name, this.beat, slice);
    this.parts = new Parts(
      (signal) => run.report(signal),
      () => this.abort(new WorkerAborted('failed', this.name)),
    );
  }

  get signal(): AbortSignal {
    return this.controller.signal;
  }

  ask(reason: WorkerAborted): void {
    if (this.reason) return;
    this.reason = reason;
    this.controller.abort(reason);
    this.pace.abort(reason);
    for (const callback of this.onAsked.splice(0)) callback();
  }

  cancel(reason: WorkerAborted): void {
    for (const unit of this.units) unit.cancel(reason);
  }

  wake(): void {
    this.pace.wake();
  }

  asked(): boolean {
    return this.reason !== undefined;
  }

  onAsk(callback: () => void): void {
    if (this.reason) callback();
    else this.onAsked.push(callback);
  }

  readonly beat = (): void => {
    if (this.site.definition.heartbeatTimeout !== undefined) this.heartbeat();
  };

  heartbeat(): void {
    this.run.report({ type: 'beat' });
  }

  ready(): void {
    this.run.report({ type: 'ready' });
  }

  extendStop(ms: number): void {
    this.run.report({ type: 'extendStop', ms });
  }

  sleep(ms: number): Promise<void> {
    return this.pace.sleep(ms);
  }

  async *ticks(ms: number): AsyncGenerator<void> {
    checkAll(`${this.name}: ctx.ticks()`, { ms }, TICKS_OPTIONS);
    const { clock } = this.site.environment;
    for (let due = clock.now(); ; due = latestSlot(due + ms, ms, clock.now())) {
      try {
        if (this.reason || due > clock.now()) await this.sleep(due - clock.now());
      } catch (error) {
        if (isAbortBy(this.reason, error)) return;
        throw error;
      }
      yield;
    }
  }

  /** The body's own `run`. Its end is told after that of parts that ended before it. */
  main(fn: () => Promise<void>): void {
    this.parts.enter();
    this.site.run(fn).then(
      () => process.nextTick(() => this.end({ type: 'completed' })),
      (error: unknown) => process.nextTick(() => this.end(this.outcomeOf(error))),
    );
  }

  spawn<T>(fn: (ctx: WorkerContext) => Promise<T>): Promise<T> {
    if (this.reason) return this.pace.refuse(this.reason);
    const child = this.part<T>();
    child.follow(this.site.run(() => fn(this)));
    return child.promise;
  }

  unitOfWork<T>(fn: (unit: UnitContext) => T | PromiseLike<T>, options?: { timeout?: number }): Promise<T> {
    if (options) checkAll(`${this.name}: ctx.unitOfWork()`, options, UNIT_OPTIONS);
    if (this.reason) return this.pace.refuse(this.reason);
    const spec = specOver(this.plain, capture(this.site.environment.interceptors), options?.timeout);
    const result = this.part<T>();
    const unit = new LoopUnit(this, spec, fn, result);
    this.units.push(unit);
    this.parts.enter();
    runUnit(unit);
    return result.promise;
  }

  completed(): void {
    this.run.report({ type: 'unitCompleted' });
  }

  left(unit: LoopUnit): void {
    this.units.delete(unit);
    this.parts.leave();
  }

  /** A part that ends with its promise. Where it fails and nobody looks, the body has failed. */
  private part<T>(): Watched<T> {
    this.parts.enter();
    return new Watched<T>(this.partEnded);
  }

  private readonly partEnded = (unwatched?: { readonly error: unknown }): void => {
    if (unwatched) this.end(this.outcomeOf(unwatched.error));
    else this.parts.leave();
  };

  private outcomeOf(error: unknown): Outcome {
    return this.reason && isAbortBy(this.reason, error) ? { type: 'aborted' } : { type: 'failed', error };
  }

  private end(outcome: Outcome): void {
    this.parts.end(outcome, this.asked());
  }

  private abort(reason: WorkerAborted): void {
    this.ask(reason);
    this.cancel(reason);
  }
}
