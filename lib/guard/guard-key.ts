import { existsSync, realpathSync } from 'node:fs';
import { basename, dirname, join, relative, resolve, sep } from 'node:path';

/** What makes two processes the same app. */
export interface AppIdentity {
  readonly rootModule: string;
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

/** What was started: of a runner in node_modules (vite-node, tsx) the file it was given. */
export function entryOf(argv: readonly string[], cwd: string): string {
  const [, main = '', ...rest] = argv;
  if (main !== '' && !main.split(sep).includes('node_modules')) return real(main);
  const given = rest.find((one) => !one.startsWith('-'));
  return given === undefined ? main : real(resolve(cwd, given));
}

const OUT_DIRS = new Set(['src', 'dist', 'build', 'out', 'lib']);

/** `src/main.ts` and `dist/main.js` are one. */
export const normalisedEntry = (root: string, entry: string): string =>
  relative(root, entry)
    .replace(/\.[cm]?[jt]sx?$/, '')
    .split(sep)
    .filter((part) => !OUT_DIRS.has(part))
    .join('/');

export function guardKey({ rootModule, workers, key }: AppIdentity): string {
  const entry = entryOf(process.argv, process.cwd());
  const inTool = entry.split(sep).includes('node_modules');
  const root = packageRoot(inTool ? real(process.cwd()) : dirname(entry));
  return JSON.stringify([
    root,
    normalisedEntry(root, entry),
    process.getuid?.() ?? null,
    [...workers].sort(),
    rootModule,
    key ?? null,
  ]);
}
