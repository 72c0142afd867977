import { callBack } from '../../events/callback.js';
import type { Attempt } from './attempt.js';

/**
 * Tells the app's reporter, in the context in which the attempt failed.
 * @param willRetryIn milliseconds; undefined where there is no next try
 */
export function reportFailure(attempt: Attempt, error: unknown, willRetryIn: number | undefined): void {
  const { task, attempt: number, beganWithin, failedWithin, environment } = attempt;
  const { reporter, root, hub } = environment;
  if (!reporter) return;
  const within = failedWithin ?? beganWithin ?? task.spec.within ?? root.run;
  const at = { kind: 'task', name: task.name, attempt: number, willRetryIn, final: willRetryIn === undefined } as const;
  callBack(hub, 'onError threw', () => within(() => reporter(error, at)));
}
