import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createRequire } from 'node:module';

export const repo = fileURLToPath(new URL('../../', import.meta.url));
const require = createRequire(import.meta.url);

/** How a dev server is started in a checkout. */
export interface Watcher {
  readonly args: readonly string[];
  /** Variables beside the cell's own. */
  readonly env?: (checkout: string) => Readonly<Record<string, string>>;
  /** The text of src/main.ts, where it is not the plain one. */
  readonly main?: string;
  /** It watches the output: the harness compiles. */
  readonly compiled?: boolean;
  /** After a syntax error it must be stopped and started by hand. */
  readonly ofNoUseAfterError?: boolean;
  /** It does not notice that a signal ended its app, and must be started anew. */
  readonly missesKilledApp?: boolean;
  /** What it has in its package.json, for the table. */
  readonly tools: readonly string[];
}

const bin = (path: string): string => join(repo, 'node_modules', path);
const nestBin = bin('@nestjs/cli/bin/nest.js');
const tsx = bin('tsx/dist/cli.mjs');
const nodemon = bin('nodemon/bin/nodemon.js');

/** A PATH with node and nothing else, as in a slim container. */
function withoutPs(checkout: string): Record<string, string> {
  const path = join(checkout, '../path');
  mkdirSync(path, { recursive: true });
  try {
    symlinkSync(process.execPath, join(path, 'node'));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
  return { PATH: path };
}

type Builder = 'tsc' | 'swc' | 'webpack';
const TOOLS: Record<Builder, readonly string[]> = {
  tsc: ['@nestjs/cli', 'typescript'],
  swc: ['@nestjs/cli', '@swc/core', '@swc/cli'],
  webpack: ['@nestjs/cli', 'webpack', 'ts-loader'],
};

/**
 * What the CLI's shell does with the one command that it is given: `forks` and waits (dash of Debian 12), so that the CLI's direct
 * child is the shell; `execs` it (bash), so that it is the app. A trap makes any sh fork, and `exec` makes any become the app.
 */
type Shell = 'forks' | 'execs' | 'none';

const SHELL_ARGS: Record<Shell, readonly string[]> = {
  forks: ['--exec', 'trap : EXIT; node'],
  execs: ['--exec', 'exec node'],
  none: ['--no-shell'],
};

const nest = (builder: Builder, shell: Shell, ps: boolean): Watcher => ({
  args: [nestBin, 'start', '--watch', '--builder', builder, ...SHELL_ARGS[shell]],
  env: (checkout) => ({ npm_lifecycle_event: 'start:dev', ...(ps ? {} : withoutPs(checkout)) }),
  tools: TOOLS[builder],
});

const hmr = (main: string): Watcher => ({
  args: [nestBin, 'build', '--webpack', '--webpackPath', 'webpack-hmr.config.js', '--watch'],
  main,
  ofNoUseAfterError: true,
  tools: ['@nestjs/cli', 'webpack', 'run-script-webpack-plugin'],
});

const HOT = `import { boot } from './boot.js';

declare const module: {
  hot?: { accept(): void; dispose(fn: (data: { closed?: Promise<unknown> }) => void): void; data?: { closed?: Promise<unknown> } };
};
`;

// Accepted at once, not after the boot as in the docs: an update that comes during the boot would need a restart by hand.
const AWAITED = `${HOT}
const app = Promise.resolve(module.hot?.data?.closed).then(boot);
module.hot?.accept();
module.hot?.dispose((data) => (data.closed = app.then((one) => one.close())));
`;

const NOT_AWAITED = `${HOT}
const app = boot();
module.hot?.accept();
module.hot?.dispose(() => void app.then((one) => one.close()));
`;

const ABSENT = `${HOT}
void boot();
module.hot?.accept();
`;

const VITE_DISPOSE = `import { boot } from './boot.js';

const app = boot();
if (import.meta.hot) {
  import.meta.hot.accept();
  import.meta.hot.dispose(() => void app.then((one) => one.close()));
}
`;

export const watchers = {
  'nest start --watch, sh forks': nest('tsc', 'forks', true),
  'nest start --watch, sh forks, no ps': nest('tsc', 'forks', false),
  'nest start --watch, sh execs': nest('tsc', 'execs', true),
  'nest start --watch, sh execs, no ps': nest('tsc', 'execs', false),
  'nest start --watch --no-shell': nest('tsc', 'none', true),
  'nest start --watch --no-shell, no ps': nest('tsc', 'none', false),
  'nest start --watch (swc), sh forks': nest('swc', 'forks', true),
  'nest start --watch (swc), sh forks, no ps': nest('swc', 'forks', false),
  'nest start --watch (swc), sh execs': nest('swc', 'execs', true),
  'nest start --watch (swc), sh execs, no ps': nest('swc', 'execs', false),
  'nest start --watch --no-shell (swc)': nest('swc', 'none', true),
  'nest start --watch --no-shell (swc), no ps': nest('swc', 'none', false),
  'nest start --watch (webpack), sh forks': nest('webpack', 'forks', true),
  'nest start --watch (webpack), sh forks, no ps': nest('webpack', 'forks', false),
  'nest start --watch (webpack), sh execs': nest('webpack', 'execs', true),
  'nest start --watch (webpack), sh execs, no ps': nest('webpack', 'execs', false),
  'nest start --watch --no-shell (webpack)': nest('webpack', 'none', true),
  'nest start --watch --no-shell (webpack), no ps': nest('webpack', 'none', false),
  'node --watch dist/main.js': { args: ['--watch', 'dist/main.js'], compiled: true, tools: [] },
  'node --watch --import tsx': { args: ['--watch', '--import', require.resolve('tsx'), 'src/main.ts'], tools: ['tsx'] },
  'tsx watch': { args: [tsx, 'watch', 'src/main.ts'], missesKilledApp: true, tools: ['tsx'] },
  'nodemon dist/main.js': { args: [nodemon, '--watch', 'dist', 'dist/main.js'], compiled: true, tools: ['nodemon'] },
  'nodemon --exec tsx': {
    args: [nodemon, '--watch', 'src', '--ext', 'ts', '--exec', 'tsx', 'src/main.ts'],
    env: (checkout) => ({ PATH: `${join(checkout, 'node_modules/.bin')}:${process.env['PATH'] ?? ''}` }),
    tools: ['nodemon', 'tsx'],
  },
  'webpack HMR, dispose awaited': hmr(AWAITED),
  'webpack HMR, dispose not awaited': hmr(NOT_AWAITED),
  'webpack HMR, no dispose': hmr(ABSENT),
  'vite-node --watch': {
    args: [bin('vite-node/dist/cli.mjs'), '--watch', 'src/main.ts'],
    tools: ['vite-node', 'vite'],
  },
  'vite-node --watch, hot.dispose': {
    args: [bin('vite-node/dist/cli.mjs'), '--watch', 'src/main.ts'],
    main: VITE_DISPOSE,
    tools: ['vite-node', 'vite'],
  },
} satisfies Record<string, Watcher>;

export type WatcherName = keyof typeof watchers;

export const writeMain = (checkout: string, text: string): void => writeFileSync(join(checkout, 'src/main.ts'), text);

export function versionOf(tool: string): string {
  const manifest = require(join(repo, 'node_modules', tool, 'package.json')) as { version: string };
  return `${tool} ${manifest.version}`;
}
