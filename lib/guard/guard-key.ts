import { createHash } from 'node:crypto';
import { statSync } from 'node:fs';
import { dirname } from 'node:path';
import type { ProcessInfo } from './ancestry.js';
import { entryOf, normalisedEntry, packageRoot, real, type Started } from './entry.js';

/** What the code says of an app. Which workers are enabled is no part of it: an edit of that makes no other app. */
export interface AppIdentity {
  readonly rootModule: string;
  /** All workers that its modules name. They stand in for an entry that nobody knows. */
  readonly workers: readonly string[];
  /** `guard.key` */
  readonly key: string | undefined;
}

/** The advice that works in two terminals of one source. */
export const KEY_VARIABLE = 'BACKGROUND_WORKERS_KEY';

const hash = (...parts: readonly unknown[]): string => createHash('sha256').update(JSON.stringify(parts)).digest('hex');
const uid = (): number | null => process.getuid?.() ?? null;

/** What the environment says: it comes from whoever started the process, and is the same after a save. */
const roleOf = ({ env }: Started): readonly (string | null)[] => [
  env[KEY_VARIABLE] ?? null,
  env['BACKGROUND_WORKERS']?.trim() ?? null,
];

/** By device and inode, so that a folder that is renamed stays the same; by its path where there are none. */
function folder(path: string): string {
  const { dev, ino } = statSync(path, { bigint: true });
  return process.platform === 'win32' || ino === 0n ? path : `${dev}:${ino}`;
}

/** Without a common watcher: one package, entry, user, root module and key are one app. */
export function appKey(started: Started, { rootModule, workers, key }: AppIdentity): string {
  const entry = entryOf(started);
  const root = packageRoot(entry === undefined ? real(started.cwd) : dirname(entry));
  const what = entry === undefined ? [...workers].sort() : normalisedEntry(root, entry);
  return hash('app', folder(root), what, uid(), rootModule, key ?? null, roleOf(started));
}

/** The same watcher's earlier child is mine to succeed, whatever else changed. */
export function lineageKey(started: Started, { pid, started: since }: ProcessInfo): string {
  const { cwd, argv } = started;
  const entry = entryOf(started) ?? [cwd, ...argv.slice(1)];
  return hash('lineage', pid, since, entry, uid(), roleOf(started));
}
