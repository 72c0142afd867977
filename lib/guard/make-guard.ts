import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { GuardOptions } from '../definition/module-options.js';
import { userDirectory } from '../endpoint/user-secret.js';
import type { EventHub } from '../events/event-hub.js';
import { isOrphaned, processInfo } from './ancestry.js';
import { endProcess } from '../host/signals.js';
import type { Clock } from '../shared/clock.js';
import type { WorkerState } from '../contract/worker-state.js';
import type { Supervisor } from '../supervision/supervisor.js';
import type { GuardEvent, Note } from './guard-event.js';
import type { AppIdentity } from './guard-key.js';
import { Guard } from './guard.js';
import { lineOf } from './lines.js';
import { look, type Followed } from './look.js';
import type { GuardPorts } from './ports.js';
import { originOf } from './origin.js';
import { checkSecret, ownIdentity, placesOf } from './surroundings.js';
import { isBornOrphan, watcherOf } from './when-to-guard.js';

const HANDOVER_TIMEOUT = 10_000;

/** What the guard needs of the app around it. */
export interface GuardedApp extends Omit<AppIdentity, 'key'> {
  /** Among the apps of its process. */
  readonly created: number;
  readonly clock: Clock;
  readonly hub: EventHub;
  readonly shutdownTimeout: number;
}

export interface BootedApp extends GuardedApp {
  units(): readonly Supervisor[];
  drain(): Promise<unknown>;
}

/** Whom the apps that are made just now have waited for, by the order of their creation. */
const followed = new Map<number, Followed>();

/** While the app is made: waits for the ports of one that closes. */
export async function lookFirst(
  { key, handoverTimeout = HANDOVER_TIMEOUT }: GuardOptions,
  app: GuardedApp,
): Promise<void> {
  const { clock, created, hub } = app;
  const places = placesOf({ ...app, key }, originOf());
  attempt(checkSecret);
  const tell = writer(hub);
  const one = await look({ clock, handoverTimeout, places, me: ownIdentity(), tell });
  if (one) followed.set(created, one);
}

const writer =
  (hub: EventHub) =>
  (event: GuardEvent): void => {
    const { level, text } = lineOf(event);
    hub.note({ type: 'guardSaid', level, line: text });
  };

export function makeGuard({ key, handoverTimeout = HANDOVER_TIMEOUT }: GuardOptions, app: BootedApp): Guard {
  const { clock, hub, shutdownTimeout, created } = app;
  const origin = originOf();
  const places = placesOf({ ...app, key }, origin);
  const recorded = watcherOf(origin.ancestors);
  const bornOrphan = isBornOrphan(origin);
  const me = ownIdentity();
  const write = writer(hub);
  const supervisors = (names?: readonly string[]): readonly Supervisor[] =>
    app.units().filter(({ policy }) => names?.includes(policy.name) ?? true);
  const ports: GuardPorts = {
    clock,
    places,
    me,
    created,
    handoverTimeout,
    shutdownTimeout,
    check: checkSecret,
    abandoned: (workers) =>
      supervisors(workers)
        .filter(isAbandoned)
        .map(({ policy }) => policy.name),
    drained: async () =>
      void (await Promise.all(supervisors().map((one) => one.until(() => one.state.status !== 'stopping')))),
    stopsBy: () => supervisors().reduce<number | undefined>((last, one) => later(last, deadlineOf(one)), undefined),
    isOrphaned: () => bornOrphan || isOrphaned(recorded),
    closeApp: () => endProcess(clock, shutdownTimeout, () => app.drain().then(() => guard.endClose()), 0),
    exit: () => process.exit(1),
    onExit: (fn) => {
      process.once('exit', fn);
      return () => process.removeListener('exit', fn);
    },
    notes: notesOf(places.at(-1)?.key ?? '', me, () => new Date(clock.wall()).toISOString()),
    tell: (event) => {
      write(event);
      publish(app.hub, event);
    },
  };
  const guard = new Guard(ports, followed.get(created));
  followed.delete(created);
  return guard;
}

const deadlineOf = ({ state }: Supervisor): number | undefined =>
  state.status === 'stopping' ? state.deadline : undefined;
const later = (one: number | undefined, other: number | undefined): number | undefined =>
  other === undefined ? one : Math.max(one ?? 0, other);

const WAITED_FOR: Readonly<Record<WorkerState['status'], boolean>> = {
  running: true,
  stopping: true,
  idle: false,
  waiting: false,
  paused: false,
  stopped: false,
  failed: false,
};
const isAbandoned = ({ machine, state }: Supervisor): boolean => machine.live && !WAITED_FOR[state.status];

function publish(hub: EventHub, event: GuardEvent): void {
  if (event.type === 'handedOver') hub.emit({}, { type: 'handedOver', pid: event.to.pid, ms: event.ms });
  if (event.type === 'tookOver') hub.emit({}, { type: 'tookOver', pid: event.from.pid, ms: event.ms });
  if (event.type === 'waitingForHolder') hub.emit({}, { type: 'waitingForHolder', pid: event.holder.pid });
}

/** Nothing but a better line in a log is lost where it fails. */
function attempt<T>(what: () => T): T | undefined {
  try {
    return what();
  } catch {
    return undefined;
  }
}

const isAlive = ({ pid, started }: Note & GuardPorts['me']): boolean => processInfo(pid)?.started === started;

function notesOf(key: string, me: GuardPorts['me'], since: () => string): GuardPorts['notes'] {
  const path = (): string =>
    join(userDirectory(), `${createHash('sha256').update(key).digest('hex').slice(0, 16)}.json`);
  const read = (): Note | undefined => {
    const note = JSON.parse(readFileSync(path(), 'utf8')) as Note & GuardPorts['me'];
    return isAlive(note) ? note : undefined;
  };
  return {
    write: () => attempt(() => writeFileSync(path(), JSON.stringify({ ...me, since: since() }), { mode: 0o600 })),
    read: () => attempt(read),
  };
}
