import { handled } from './deferred.js';
import { BackgroundWorkerError } from './errors.js';

const STILL = { function: '', body: '; it is done all the same' };

/** A rejection that need not be awaited. */
export function selfJoin<T>(who: string, what: string, whose: keyof typeof STILL = 'function'): Promise<T> {
  const message = `${who}: ${what}() was asked for by its own ${whose}, which cannot wait for itself${STILL[whose]}`;
  return handled(Promise.reject(new BackgroundWorkerError('BGW_SELF_JOIN', message)));
}
