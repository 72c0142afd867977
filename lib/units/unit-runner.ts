import { AsyncLocalStorage } from 'node:async_hooks';
import type { UnitInterceptor } from '../contract/units.js';
import type { Timer } from '../shared/clock.js';
import { WorkerAborted } from '../shared/errors.js';
import { isBare } from './environment.js';
import type { Unit } from './unit.js';

/** Told how a unit ended, never in the stack of `runUnit`. */
export interface UnitEnds {
  succeeded(value: unknown): void;
  failed(error: unknown): void;
  /** Comes before one of the others: the function still runs. Not of a unit that was cancelled before. */
  timedOut(reason: WorkerAborted): void;
}

export const NO_HEADERS: Readonly<Record<string, string>> = Object.freeze({});

/** What interceptors want to carry along, read in the submitter's context. */
export function capture(interceptors: readonly UnitInterceptor[]): Readonly<Record<string, string>> {
  return interceptors.length === 0
    ? NO_HEADERS
    : (Object.assign({}, ...interceptors.map((interceptor) => interceptor.capture?.())) as Record<string, string>);
}

/** Runs the unit in the root context, through the interceptors. Never throws. */
export function runUnit(unit: Unit & UnitEnds): void {
  unit.environment.root.run(begin, unit);
}

function begin(unit: Unit & UnitEnds): void {
  const limit = unit.timeout === undefined ? undefined : limited(unit, unit.timeout);
  void Promise.prototype.then.call(
    isBare(unit.environment) ? attempt(unit) : executeUnit(unit),
    (value: unknown) => {
      limit?.cancel();
      unit.succeeded(value);
    },
    (error: unknown) => {
      limit?.cancel();
      unit.failedWithin ??= AsyncLocalStorage.snapshot();
      unit.failed(error);
    },
  );
}

function attempt(unit: Unit): Promise<unknown> {
  try {
    const out = unit.work();
    return out instanceof Promise ? out : Promise.resolve(out);
  } catch (error) {
    return Promise.reject(error);
  }
}

function limited(unit: Unit & UnitEnds, timeout: number): Timer {
  const expire = (): void => {
    if (unit.reason) return;
    const reason = new WorkerAborted('timeout', `${unit.name} (option timeout: ${timeout} ms)`);
    unit.timedOut(reason);
    unit.cancel(reason);
  };
  return unit.environment.clock.after(timeout, expire, { limit: true });
}

/** Runs the unit in the current context: through the interceptors, told to who listens. */
export async function executeUnit(unit: Unit): Promise<unknown> {
  const { hub, clock, interceptors } = unit.environment;
  const started = clock.now();
  const report = (type: 'unitStarted' | 'unitCompleted' | 'unitFailed', error?: unknown): void => {
    if (!hub.wants(type)) return;
    const ms = type === 'unitStarted' ? undefined : clock.now() - started;
    const about = unit.kind === 'task' ? { task: unit.id } : { worker: unit.name };
    hub.emit(about, { type, unit: unit.id, ms, error });
  };
  report('unitStarted');
  try {
    const value = interceptors.length === 0 ? await innermost(unit) : await onion(unit);
    report('unitCompleted');
    return value;
  } catch (error) {
    report('unitFailed', error);
    throw error;
  }
}

async function innermost(unit: Unit): Promise<unknown> {
  try {
    return await unit.work();
  } catch (error) {
    unit.failedWithin = AsyncLocalStorage.snapshot();
    throw error;
  }
}

/** The work's own value is the result: an interceptor can fail a unit, not answer for it. */
async function onion(unit: Unit): Promise<unknown> {
  const { interceptors } = unit.environment;
  let value: { readonly is: unknown } | undefined;
  const call = async (index: number): Promise<unknown> => {
    const interceptor = interceptors[index];
    if (interceptor) return await interceptor.around(unit, () => call(index + 1));
    value = { is: await innermost(unit) };
    return value.is;
  };
  const answered = await call(0);
  return value ? value.is : answered;
}
