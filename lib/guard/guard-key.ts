import { existsSync, realpathSync } from 'node:fs';
import { basename, dirname, join, relative, resolve, sep } from 'node:path';
import { processInfo } from '../host/ancestry.js';

/** What makes two processes the same app. */
export interface AppIdentity {
  readonly rootModule: string;
  /** Those that `enabled` or BACKGROUND_WORKERS names, none where all run: a worker that an edit adds is no other app. */
  readonly workers: readonly string[];
  /** `guard.key` */
  readonly key: string | undefined;
}

function real(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    // `node dist/main`: there is no file of that name, but its directory may be reached through a link.
    return dirname(path) === path ? path : join(real(dirname(path)), basename(path));
  }
}

function packageRoot(from: string): string {
  for (let at = from; ; at = dirname(at)) {
    if (existsSync(join(at, 'package.json'))) return at;
    if (at === dirname(at)) return from;
  }
}

const isInstalled = (path: string): boolean => path.split(sep).includes('node_modules');
const SOURCE = /(?<!\.config)\.[cm]?[jt]sx?$/;

/**
 * What was started: of a runner in node_modules (vite-node, tsx) the first source file that it was given.
 * @param commandLine what the process was started with; a runner may have taken its own arguments out of `argv`
 */
export function entryOf(argv: readonly string[], cwd: string, commandLine: () => readonly string[]): string {
  const [, main = ''] = argv;
  if (main !== '' && !isInstalled(main)) return real(main);
  const paths = [...commandLine(), ...argv].slice(1).map((one) => resolve(cwd, one));
  const given = paths.find((path) => SOURCE.test(path) && !isInstalled(path) && existsSync(path));
  return given === undefined ? main : real(given);
}

export const ownEntry = (): string =>
  entryOf(process.argv, process.cwd(), () => processInfo(process.pid)?.command.split(' ') ?? []);

const OUT_DIRS = new Set(['src', 'dist', 'build', 'out', 'lib']);

/** `src/main.ts` and `dist/main.js` are one. */
export const normalisedEntry = (root: string, entry: string): string =>
  relative(root, entry)
    .replace(/\.[cm]?[jt]sx?$/, '')
    .split(sep)
    .filter((part) => !OUT_DIRS.has(part))
    .join('/');

export function guardKey({ rootModule, workers, key }: AppIdentity): string {
  const entry = ownEntry();
  const root = packageRoot(isInstalled(entry) ? real(process.cwd()) : dirname(entry));
  return JSON.stringify([
    root,
    normalisedEntry(root, entry),
    process.getuid?.() ?? null,
    [...workers].sort(),
    rootModule,
    key ?? null,
  ]);
}
