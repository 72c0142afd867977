import { backoffDelay } from '../../shared/backoff.js';
import { isDoNotRestart } from '../../shared/errors.js';
import type { Task } from './task.js';

/** The longest that the engine should wait before its next attempt, in milliseconds; undefined where it makes none. */
export const engineRetryIn = ({ spec, attempts }: Task<unknown>, error: unknown): number | undefined =>
  spec.engine && spec.engine.attemptsLeft > 0 && !isDoNotRestart(error)
    ? backoffDelay(spec.backoff, attempts, 0)
    : undefined;
