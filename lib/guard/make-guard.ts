import { createHash, createHmac } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import type { Logger } from '@nestjs/common';
import type { WorkerState } from '../contract/worker-state.js';
import type { GuardOptions } from '../definition/module-options.js';
import { endpointOf } from '../endpoint/endpoint.js';
import { userDirectory, userSecret } from '../endpoint/user-secret.js';
import type { EventHub } from '../events/event-hub.js';
import { isOrphaned, startedBy } from '../host/ancestry.js';
import { endProcess } from '../host/signals.js';
import { processBorn, type Clock } from '../shared/clock.js';
import { messageOf } from '../shared/errors.js';
import type { Supervisor } from '../supervision/supervisor.js';
import { Guard } from './guard.js';
import { guardKey, ownEntry, type AppIdentity } from './guard-key.js';
import type { GuardPorts } from './ports.js';
import { isBornOrphan, type Origin } from './when-to-guard.js';

const HANDOVER_TIMEOUT = 10_000;

/** What the guard needs of the app around it. */
export interface GuardedApp extends Pick<AppIdentity, 'rootModule'> {
  readonly clock: Clock;
  readonly hub: EventHub;
  readonly logger: Logger;
  readonly shutdownTimeout: number;
  units(): readonly Supervisor[];
  /** The workers that were enabled one by one. */
  named(): readonly string[];
  drain(): Promise<unknown>;
}

export function makeGuard(
  { key, handoverTimeout = HANDOVER_TIMEOUT }: GuardOptions,
  app: GuardedApp,
  origin: Origin,
): Guard {
  const recorded = startedBy(origin.ancestors);
  const bornOrphan = isBornOrphan(origin);
  const portsFor = (workers: readonly string[]): GuardPorts => ({
    ...portsOf({ ...app, workers, key }, () => guard.endClose()),
    isOrphaned: () => bornOrphan || isOrphaned(recorded),
    handoverTimeout,
  });
  const guard = new Guard(portsFor, (error) =>
    app.logger.error(`the guard cannot work: ${messageOf(error)}; no worker starts here`),
  );
  return guard;
}

/** @param closed the app has been drained where nobody listens for a signal */
function portsOf(
  app: GuardedApp & AppIdentity,
  closed: () => void,
): Omit<GuardPorts, 'isOrphaned' | 'handoverTimeout'> {
  const { clock, hub, logger, shutdownTimeout } = app;
  const key = guardKey(app);
  const directory = userDirectory();
  const entry = relative(process.cwd(), ownEntry());
  const me = { pid: process.pid, entry, born: processBorn() };
  return {
    clock,
    hub,
    key,
    me,
    shutdownTimeout,
    endpoint: endpointOf(key),
    // The app's own, so that nobody can relay what is said about one app to the holder of another.
    secret: createHmac('sha256', userSecret(directory)).update(key).digest(),
    notes: notesIn(join(directory, `${createHash('sha256').update(key).digest('hex').slice(0, 16)}.json`), me, () =>
      new Date(clock.wall()).toISOString(),
    ),
    abandoned: (workers) =>
      app
        .units()
        .filter((one) => workers.includes(one.policy.name) && stuck(one))
        .map((one) => one.policy.name),
    drained: async () =>
      void (await Promise.all(app.units().map((one) => one.until(() => one.state.status !== 'stopping')))),
    closeApp: () => endProcess(clock, shutdownTimeout, () => app.drain().then(closed), 0),
    exit: (line) => {
      logger.error(line);
      process.exit(1);
    },
    say: (line) => logger.log(line),
    warn: (line) => logger.warn(line),
  };
}

const WAITED_FOR: Readonly<Record<WorkerState['status'], boolean>> = {
  running: true,
  stopping: true,
  idle: false,
  waiting: false,
  paused: false,
  stopped: false,
  failed: false,
};
const stuck = ({ machine, state }: Supervisor): boolean => machine.live && !WAITED_FOR[state.status];

const notesIn = (path: string, me: GuardPorts['me'], since: () => string): GuardPorts['notes'] => ({
  write: () => {
    try {
      writeFileSync(path, JSON.stringify({ ...me, since: since() }), { mode: 0o600 });
    } catch {
      // Nothing but a better line in a log is lost.
    }
  },
  read: () => {
    try {
      const { pid, entry, since } = JSON.parse(readFileSync(path, 'utf8')) as {
        pid: number;
        entry: string;
        since: string;
      };
      return `pid ${pid} (${entry}) holds the workers since ${since}`;
    } catch {
      return 'another process holds the workers';
    }
  },
});
