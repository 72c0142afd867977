import type { InjectionToken } from '@nestjs/common';
import type { ModuleRef } from '@nestjs/core';
import type { UnitInterceptor } from '../contract/units.js';
import { metadataOf, type Class } from '../definition/metadata.js';
import type { BackgroundWorkerModuleOptions } from '../definition/module-options.js';
import { BackgroundWorkerError } from '../shared/errors.js';
import type { Decorated } from './decorated.js';

/**
 * Who is around an app's units, the outermost first: what the option `units` names, then each registered adapter that it
 * does not name.
 * @param skipped told of adapters that were replaced by something without `around()`
 * @throws BackgroundWorkerError `BGW_NOT_REGISTERED`, `BGW_TWO_CONFIGURATIONS`
 */
export function discoverInterceptors(
  { units = [] }: BackgroundWorkerModuleOptions,
  moduleRef: ModuleRef,
  found: readonly Decorated[],
  skipped: (line: string) => void,
): readonly UnitInterceptor[] {
  const named = units.map((unit) => (typeof unit === 'object' ? unit : provided(moduleRef, unit)));
  const adapters = found.filter(({ marks }) => marks.some(({ metadata }) => metadata.aroundUnits !== undefined));
  const around = adapters.map(({ instance }) => instance).filter(isInterceptor);
  if (around.length < adapters.length)
    skipped('an adapter was replaced by a provider without around(): not around units');
  const all = [...new Set([...named, ...around])];
  assertOnce(all);
  return all;
}

const isInterceptor = (instance: object): instance is UnitInterceptor =>
  typeof (instance as { around?: unknown }).around === 'function';

const registrationOf = (by: unknown): string | undefined =>
  typeof by === 'function' ? metadataOf(by as Class)?.aroundUnits : undefined;

function provided(moduleRef: ModuleRef, token: InjectionToken): UnitInterceptor {
  try {
    return moduleRef.get<UnitInterceptor>(token, { strict: false });
  } catch (error) {
    const name = typeof token === 'function' ? token.name : String(token);
    const line = registrationOf(token) ?? 'add it to the providers of a module';
    throw new BackgroundWorkerError(
      'BGW_NOT_REGISTERED',
      `BackgroundWorkerModule: option "units" names ${name}, which this app does not provide as one for the whole app: ${line}`,
      { cause: error },
    );
  }
}

/** Two of one adapter would each take their part of a unit, and who injects it gets either. */
function assertOnce(all: readonly UnitInterceptor[]): void {
  const classes = all.map((one) => one.constructor).filter((by) => registrationOf(by) !== undefined);
  const twice = classes.find((by, at) => classes.indexOf(by) < at);
  if (twice === undefined) return;
  throw new BackgroundWorkerError(
    'BGW_TWO_CONFIGURATIONS',
    `${twice.name} is registered twice in one app; once, ${registrationOf(twice)} with all that it needs`,
  );
}
