import type { UnitInterceptor } from '../contract/units.js';
import type { Clock } from '../shared/clock.js';
import { WorkerAborted } from '../shared/errors.js';
import type { UnitEnvironment } from './environment.js';
import type { Unit } from './unit.js';

export interface RunningUnit<T> {
  /** Rejects at once on a time-out. */
  readonly result: Promise<T>;
  /** Never rejects: the function and its interceptors have ended. */
  readonly settled: Promise<void>;
}

type Work<U, T> = (unit: U) => T | PromiseLike<T>;

/** What interceptors want to carry along, read in the submitter's context. */
export function capture(interceptors: readonly UnitInterceptor[]): Readonly<Record<string, string>> {
  return Object.assign({}, ...interceptors.map((interceptor) => interceptor.capture?.())) as Record<string, string>;
}

/** Runs `work` as this unit in the root context, through the interceptors. Never throws. */
export function runUnit<U extends Unit, T>(environment: UnitEnvironment, unit: U, work: Work<U, T>): RunningUnit<T> {
  const { timeout } = unit;
  const execution = environment.root(() => executeUnit(environment, unit, work));
  const settled = execution.then(ignore, ignore);
  const result = timeout === undefined ? execution : withTimeout(environment.clock, unit, execution, timeout);
  return { result, settled };
}

const ignore = (): void => undefined;

/** Runs `work` as this unit in the current context: through the interceptors, told to who listens. */
export async function executeUnit<U extends Unit, T>(
  environment: UnitEnvironment,
  unit: U,
  work: Work<U, T>,
): Promise<T> {
  const { hub, clock } = environment;
  const started = clock.now();
  const report = (type: 'unitStarted' | 'unitCompleted' | 'unitFailed', error?: unknown): void => {
    if (!hub.wants(type)) return;
    const ms = type === 'unitStarted' ? undefined : clock.now() - started;
    const about = unit.kind === 'task' ? { task: unit.id } : { worker: unit.name };
    hub.emit(about, { type, unit: unit.id, ms, error });
  };
  report('unitStarted');
  try {
    const value =
      environment.interceptors.length === 0 ? await innermost(unit, work) : await onion(environment, unit, work);
    report('unitCompleted');
    return value;
  } catch (error) {
    report('unitFailed', error);
    throw error;
  }
}

async function innermost<U extends Unit, T>(unit: U, work: Work<U, T>): Promise<T> {
  try {
    return await work(unit);
  } catch (error) {
    unit.failed();
    throw error;
  }
}

/** The work's own value is the result: an interceptor can fail a unit, not answer for it. */
async function onion<U extends Unit, T>({ interceptors }: UnitEnvironment, unit: U, work: Work<U, T>): Promise<T> {
  let value: { readonly is: T } | undefined;
  const call = async (index: number): Promise<unknown> => {
    const interceptor = interceptors[index];
    if (interceptor) return await interceptor.around(unit, () => call(index + 1));
    value = { is: await innermost(unit, work) };
    return value.is;
  };
  const answered = await call(0);
  return value ? value.is : (answered as T);
}

function withTimeout<T>(clock: Clock, unit: Unit, execution: Promise<T>, timeout: number): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    const timer = clock.after(
      timeout,
      () => {
        const reason = new WorkerAborted('timeout', `${unit.name} (option timeout: ${timeout} ms)`);
        reject(reason);
        unit.cancel(reason);
      },
      { limit: true },
    );
    execution.finally(() => timer.cancel()).then(resolve, reject);
  });
}
