import type { BackgroundWorkerModuleOptions } from '../definition/module-options.js';
import { callBack } from '../events/callback.js';
import type { EventHub } from '../events/event-hub.js';
import { testRunnerOf } from '../host/enabled.js';
import { exitFatally } from '../host/signals.js';
import type { Clock } from '../shared/clock.js';
import type { Stage } from './stage.js';
import type { SupervisorPorts } from './supervisor.js';

/**
 * Where supervisors tell of failures: the user's reporters, which may throw, and the way out of the process.
 * @param drain for the process in which nobody listens for a signal
 */
export function supervisorPorts(
  clock: Clock,
  hub: EventHub,
  stage: Stage,
  { onError, onFatal, shutdownTimeout }: BackgroundWorkerModuleOptions & { readonly shutdownTimeout: number },
  drain: () => Promise<unknown>,
): SupervisorPorts {
  return {
    clock,
    hub,
    onError(name, { error, incarnation, retryIn }) {
      const at = { kind: 'worker', name, incarnation, willRetryIn: retryIn, final: retryIn === undefined } as const;
      callBack(hub, 'onError threw', () => onError?.(error, at));
    },
    onFatal(worker, error) {
      hub.note({ type: 'fatal', worker, error });
      if (onFatal) callBack(hub, 'onFatal failed', () => onFatal({ worker, error }));
      else if (testRunnerOf(process.env) === undefined) exitFatally(clock, shutdownTimeout, drain, stage.isClosing);
    },
  };
}
