import type { Logger } from '@nestjs/common';
import type { BackgroundWorkerModuleOptions } from '../definition/module-options.js';
import type { EventHub } from '../events/event-hub.js';
import { testRunnerOf } from '../host/enabled.js';
import { exitFatally } from '../host/signals.js';
import type { Clock } from '../shared/clock.js';
import { stackOf } from '../shared/errors.js';
import type { Stage } from './stage.js';
import type { SupervisorPorts } from './supervisor.js';

/**
 * Where supervisors tell of failures: the user's reporters, which may throw, and the way out of the process.
 * @param drain for the process in which nobody listens for a signal
 */
export function supervisorPorts(
  clock: Clock,
  hub: EventHub,
  logger: Logger,
  stage: Stage,
  { onError, onFatal, shutdownTimeout }: BackgroundWorkerModuleOptions & { readonly shutdownTimeout: number },
  drain: () => Promise<unknown>,
): SupervisorPorts {
  const report = (what: string, error: unknown): void => logger.error(what, stackOf(error));
  return {
    clock,
    hub,
    onError(name, { error, incarnation, retryIn }) {
      try {
        onError?.(error, { kind: 'worker', name, incarnation, willRetryIn: retryIn, final: retryIn === undefined });
      } catch (thrown) {
        report('onError threw', thrown);
      }
    },
    onFatal(worker, error) {
      report(`${worker} failed for good: the app shuts down`, error);
      if (onFatal)
        void (async () => await onFatal({ worker, error }))().catch((thrown: unknown) =>
          report('onFatal failed', thrown),
        );
      else if (testRunnerOf(process.env) === undefined) exitFatally(clock, shutdownTimeout, drain, stage.isClosing);
    },
  };
}
