import { randomUUID } from 'node:crypto';
import type { Token, UnitContext } from '../contract/contexts.js';
import type { UnitInfo } from '../contract/units.js';
import { WorkerAborted } from '../shared/errors.js';
import type { Within } from '../shared/root-context.js';
import { Pace } from './pace.js';
import { UnitScope } from './scope.js';
import type { UnitEnvironment, UnitSpec } from './environment.js';

/** One unit of work. What costs something (id, signal, scope) is made when first read. */
export abstract class Unit<E extends UnitEnvironment = UnitEnvironment, S extends UnitSpec = UnitSpec>
  implements UnitContext, UnitInfo
{
  /** Runs a function in the context in which the work began; where it has a time limit. */
  beganWithin: Within | undefined;
  /** Runs a function in the context in which the work failed. */
  failedWithin: Within | undefined;
  /** Node follows no contexts in it. */
  isBlind = false;
  /** Why the unit was cancelled, if it was. */
  reason: WorkerAborted | undefined;

  private uuid: string | undefined;
  private controller: AbortController | undefined;
  private lazyPace: Pace | undefined;
  private scope: UnitScope | undefined;

  constructor(
    readonly environment: E,
    protected readonly spec: S,
  ) {}

  /** Whose code it is. */
  abstract readonly owner: object;

  /** Runs a piece of that code, so that it is known for its own where Node does not follow it. */
  abstract known(fn: () => unknown): unknown;

  /** What is done in it, known for its own. */
  abstract work(): unknown;

  get kind(): UnitInfo['kind'] {
    return this.spec.kind;
  }

  get name(): string {
    return this.spec.name;
  }

  get timeout(): number | undefined {
    return this.spec.timeout;
  }

  get headers(): Readonly<Record<string, string>> {
    return this.spec.headers;
  }

  get id(): string {
    return (this.uuid ??= randomUUID());
  }

  get signal(): AbortSignal {
    this.controller ??= new AbortController();
    if (this.reason && !this.controller.signal.aborted) this.controller.abort(this.reason);
    return this.controller.signal;
  }

  sleep(ms: number): Promise<void> {
    return this.pace.sleep(ms);
  }

  get<T = unknown>(token: Token<T>): T {
    return this.environment.moduleRef.get<T, T>(token, { strict: false });
  }

  resolve<T = unknown>(token: Token<T>): Promise<T> {
    return (this.scope ??= new UnitScope(this.environment.moduleRef)).resolve(token);
  }

  cancel(reason: WorkerAborted): void {
    if (this.reason) return;
    this.reason = reason;
    this.lazyPace?.abort(reason);
    this.controller?.abort(reason);
  }

  /** It has settled: sleeps that nobody waits for any more end. */
  end(): void {
    if (this.isBlind) this.environment.inside.left();
    this.lazyPace?.abort(new WorkerAborted('cancelled', this.name));
  }

  private get pace(): Pace {
    if (this.lazyPace) return this.lazyPace;
    const { clock } = this.environment;
    this.lazyPace = new Pace(clock, this.name, this.spec.beat, this.spec.slice);
    if (this.reason) this.lazyPace.abort(this.reason);
    return this.lazyPace;
  }
}
