import { AsyncLocalStorage, AsyncResource } from 'node:async_hooks';
import type { UnitInterceptor } from '../contract/units.js';
import type { Timer } from '../shared/clock.js';
import { handled } from '../shared/deferred.js';
import { HAS_CONTEXT_FRAMES, isFollowing, look } from '../shared/following.js';
import { WorkerAborted } from '../shared/errors.js';
import { isBare } from './environment.js';
import { follow, type EndingUnit } from './follower.js';
import type { Unit } from './unit.js';

export const NO_HEADERS: Readonly<Record<string, string>> = Object.freeze({});

/** What interceptors want to carry along, read in the submitter's context. */
export function capture(interceptors: readonly UnitInterceptor[]): Readonly<Record<string, string>> {
  return interceptors.length === 0
    ? NO_HEADERS
    : (Object.assign({}, ...interceptors.map((interceptor) => interceptor.capture?.())) as Record<string, string>);
}

/** Runs the unit in the root context, through the interceptors, and tells it how it ends. Never throws. */
export function runUnit(unit: EndingUnit): void {
  look();
  void unit.environment.root.run(begin, unit);
}

/**
 * The same in the current context, in an async scope of its own: what `AsyncLocalStorage.enterWith()` puts there no other sees.
 * @returns a promise that was made within, after the function was called
 */
export const runUnitHere = (unit: EndingUnit): Promise<void> =>
  new AsyncResource('BackgroundWork').runInAsyncScope(begin, undefined, unit);

/** The same within `RootContext.runRow`; with a scope of its own where there is something to keep apart. */
export function runInRow(unit: EndingUnit): Promise<void> {
  if (HAS_CONTEXT_FRAMES) return unit.environment.root.run(begin, unit);
  return isFollowing() ? runUnitHere(unit) : begin(unit);
}

function begin(unit: EndingUnit): Promise<void> {
  unit.isBlind = !unit.environment.inside.enter(unit.owner);
  const limit = unit.timeout === undefined ? undefined : limited(unit, unit.timeout);
  return follow(unit, isBare(unit.environment) ? attempt(unit) : executeUnit(unit), limit);
}

/** As `await` would take what the work returns: a promise of another class is asked by its own `then`. */
function attempt(unit: Unit): Promise<unknown> {
  try {
    return Promise.resolve(worked(unit));
  } catch (error) {
    return Promise.reject(error);
  }
}

function worked(unit: Unit): unknown {
  if (unit.timeout !== undefined) unit.beganWithin = AsyncLocalStorage.snapshot();
  return unit.work();
}

function limited(unit: EndingUnit, timeout: number): Timer {
  const expire = (): void => {
    if (unit.reason) return;
    const reason = new WorkerAborted('timeout', `${unit.name} (option timeout: ${timeout} ms)`);
    unit.timedOut(reason);
    unit.cancel(reason);
  };
  const { clock, root } = unit.environment;
  return clock.after(timeout, () => root.run(expire), { limit: true });
}

/** Through the interceptors, told to who listens. */
async function executeUnit(unit: Unit): Promise<unknown> {
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
    return await worked(unit);
  } catch (error) {
    unit.failedWithin = AsyncLocalStorage.snapshot();
    throw error;
  }
}

/**
 * The work's own value is the result: an interceptor can fail a unit, not answer for it. Nor can one that does not wait for
 * `next()` end it: it ends with the work.
 */
async function onion(unit: Unit): Promise<unknown> {
  const { interceptors } = unit.environment;
  let value: { readonly is: unknown } | undefined;
  let work: Promise<unknown> | undefined;
  const call = async (index: number): Promise<unknown> => {
    const interceptor = interceptors[index];
    const around = (): unknown => interceptor?.around(unit, () => handled(call(index + 1)));
    if (interceptor) return await (unit.isBlind ? unit.known(around) : around());
    work = innermost(unit);
    try {
      value = { is: await work };
    } finally {
      work = undefined;
    }
    return value.is;
  };
  try {
    const answered = await call(0);
    await work;
    return value ? value.is : answered;
  } finally {
    await work?.catch(() => undefined);
  }
}
