import { createHmac } from 'node:crypto';
import { relative } from 'node:path';
import type { Secrets } from '../endpoint/channel.js';
import { endpointOf } from '../endpoint/endpoint.js';
import { commonDirectory, userDirectory, userSecret } from '../endpoint/user-secret.js';
import { processInfo } from './ancestry.js';
import { entryOf, type Started } from './entry.js';
import { appKey, lineageKey, type AppIdentity } from './guard-key.js';
import type { Place } from './ports.js';
import type { Identity } from './protocol.js';
import { isWatcher } from './watchers.js';
import { watcherOf, type Origin } from './when-to-guard.js';

let own: ReturnType<typeof processInfo>;
const ownInfo = (): typeof own => (own ??= processInfo(process.pid));

const started = (): Started => ({
  argv: process.argv,
  cwd: process.cwd(),
  env: process.env,
  commandLine: () => ownInfo()?.args ?? [],
});

export function ownIdentity(): Identity {
  const entry =
    relative(process.cwd(), entryOf(started()) ?? process.argv[1] ?? '') || process.argv.slice(0, 2).join(' ');
  return { pid: process.pid, entry, started: ownInfo()?.started };
}

const place = (type: Place['type'], key: string): Place => ({
  type,
  key,
  endpoint: endpointOf(key),
  secrets: secretsOf(key),
});

/** The lineage's first, where there is a watcher; one that runs the app within itself has no children. */
export function placesOf(app: AppIdentity, origin: Origin): readonly Place[] {
  const watcher = isWatcher(origin.self) ? undefined : watcherOf(origin.ancestors).at(-1);
  const mine = place('app', appKey(started(), app));
  return watcher ? [place('lineage', lineageKey(started(), watcher)), mine] : [mine];
}

/** The name's own, so that nobody can relay what is said about one app to the holder of another. */
const forName = (directory: string, key: string): Buffer =>
  createHmac('sha256', userSecret(directory)).update(key).digest();

/**
 * The one that was read last; then what lies there by now, since a folder in a temporary directory may be cleaned away; then the one
 * that all of the user's processes know, whatever their XDG_RUNTIME_DIR is.
 */
function secretsOf(key: string): Secrets {
  let last: Buffer | undefined;
  return function* () {
    if (last) yield last;
    const fresh = forName(userDirectory(), key);
    if (!last?.equals(fresh)) yield (last = fresh);
    yield forName(commonDirectory(), key);
  };
}

let isReady = false;

/**
 * The secret can be had; asked anew until it can.
 * @throws Error that names the file or directory that is in the way
 */
export function checkSecret(): void {
  if (!isReady) userSecret(userDirectory());
  isReady = true;
}
