import { handled } from './deferred.js';
import { BackgroundWorkerError } from './errors.js';

/** A rejection that need not be awaited. */
export function selfJoin<T>(who: string, what: string): Promise<T> {
  const message = `${who}: ${what}() was asked for by its own function, which cannot wait for itself`;
  return handled(Promise.reject(new BackgroundWorkerError('BGW_SELF_JOIN', message)));
}
