import { existsSync, realpathSync } from 'node:fs';
import { basename, dirname, join, relative, resolve, sep } from 'node:path';
import { invocationOf, isInstalled, operands, type Args } from './watchers.js';

export function real(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    // `node dist/main`: there is no file of that name, but its directory may be reached through a link.
    return dirname(path) === path ? path : join(real(dirname(path)), basename(path));
  }
}

const SOURCE = /\.[cm]?[jt]sx?$/;

/** What a process was started with. */
export interface Started {
  readonly argv: Args;
  readonly cwd: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** As the kernel has it: a runner may have taken its own arguments out of `argv`. */
  readonly commandLine: () => Args;
}

/**
 * The app's own file: of a runner in node_modules (vite-node, tsx, Nx) what it was told to run.
 * @returns undefined where nobody says: code on the command line, stdin, the forked loader of a runner
 */
export function entryOf({ argv, cwd, env, commandLine }: Started): string | undefined {
  const [node = '', main = '', ...args] = argv;
  const file = env['NX_FILE_TO_RUN'];
  if (file) return real(resolve(cwd, file));
  const isCode = main === '' || main === '-' || main === '[eval]';
  if (!isCode && !isInstalled(main)) return real(resolve(cwd, main));
  if (isCode) return undefined;
  const given = [invocationOf(commandLine()).args, invocationOf([node, main, ...args]).args].flatMap(operands);
  const path = given
    .map((one) => resolve(cwd, one))
    .find((one) => SOURCE.test(one) && !isInstalled(one) && existsSync(one));
  return path === undefined ? undefined : real(path);
}

export function packageRoot(from: string): string {
  for (let at = from; ; at = dirname(at)) {
    if (existsSync(join(at, 'package.json'))) return at;
    if (at === dirname(at)) return from;
  }
}

const OUT_DIRS = new Set(['src', 'dist', 'build', 'out', 'lib']);

/**
 * `src/main.ts` and `dist/main.js` are one, and `apps/api/src/main.ts` and `dist/apps/api/main.js`. A folder that has such a name beside
 * others of its kind, as `apps/build` and `apps/lib` have, is an app's own: all that lies in `apps`, `packages` or `libs` is.
 */
export function normalisedEntry(root: string, entry: string): string {
  const parts = relative(root, entry).replace(SOURCE, '').split(sep);
  return parts.filter((part, at) => !OUT_DIRS.has(part) || WORKSPACES.has(parts[at - 1] ?? '')).join('/');
}
const WORKSPACES = new Set(['apps', 'packages', 'libs', 'projects', 'services']);
