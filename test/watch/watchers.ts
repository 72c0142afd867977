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

const nest = (builder: Builder, shell: boolean, ps: boolean): Watcher => ({
  args: [nestBin, 'start', '--watch', '--builder', builder, ...(shell ? [] : ['--no-shell'])],
  env: ps ? undefined : withoutPs,
  tools: TOOLS[builder],
});

const hmr = (main: string): Watcher => ({
  args: [nestBin, 'build', '--webpack', '--webpackPath', 'webpack-hmr.config.js', '--watch'],
  main,
  tools: ['@nestjs/cli', 'webpack', 'run-script-webpack-plugin'],
});

const HOT = `import { boot } from './boot';

declare const module: {
  hot?: { accept(): void; dispose(fn: (data: { closed?: Promise<unknown> }) => void): void; data?: { closed?: Promise<unknown> } };
};
`;

const AWAITED = `${HOT}
async function bootstrap(): Promise<void> {
  await module.hot?.data?.closed;
  const app = await boot();
  module.hot?.accept();
  module.hot?.dispose((data) => (data.closed = app.close()));
}

void bootstrap();
`;

const NOT_AWAITED = `${HOT}
async function bootstrap(): Promise<void> {
  const app = await boot();
  module.hot?.accept();
  module.hot?.dispose(() => void app.close());
}

void bootstrap();
`;

const ABSENT = `${HOT}
async function bootstrap(): Promise<void> {
  await boot();
  module.hot?.accept();
}

void bootstrap();
`;

const VITE_DISPOSE = `import { boot } from './boot';

const app = boot();
if (import.meta.hot) {
  import.meta.hot.accept();
  import.meta.hot.dispose(() => void app.then((one) => one.close()));
}
`;

export const watchers = {
  'nest start --watch': nest('tsc', true, true),
  'nest start --watch --no-shell': nest('tsc', false, true),
  'nest start --watch, no ps': nest('tsc', true, false),
  'nest start --watch --no-shell, no ps': nest('tsc', false, false),
  'nest start --watch (swc)': nest('swc', true, true),
  'nest start --watch --no-shell (swc)': nest('swc', false, true),
  'nest start --watch (swc), no ps': nest('swc', true, false),
  'nest start --watch --no-shell (swc), no ps': nest('swc', false, false),
  'nest start --watch (webpack)': nest('webpack', true, true),
  'nest start --watch --no-shell (webpack)': nest('webpack', false, true),
  'nest start --watch (webpack), no ps': nest('webpack', true, false),
  'nest start --watch --no-shell (webpack), no ps': nest('webpack', false, false),
  'node --watch dist/main.js': { args: ['--watch', 'dist/main.js'], compiled: true, tools: [] },
  'node --watch --import tsx': { args: ['--watch', '--import', require.resolve('tsx'), 'src/main.ts'], tools: ['tsx'] },
  'tsx watch': { args: [tsx, 'watch', 'src/main.ts'], tools: ['tsx'] },
  'nodemon dist/main.js': { args: [nodemon, '--watch', 'dist', 'dist/main.js'], compiled: true, tools: ['nodemon'] },
  'nodemon --exec tsx': {
    args: [nodemon, '--watch', 'src', '--ext', 'ts', '--exec', 'tsx', 'src/main.ts'],
    env: (checkout) => ({ PATH: `${join(checkout, 'node_modules/.bin')}:${process.env['PATH'] ?? ''}` }),
    tools: ['nodemon', 'tsx'],
  },
  'webpack HMR, dispose awaited': hmr(AWAITED),
  'webpack HMR, dispose not awaited': hmr(NOT_AWAITED),
  'webpack HMR, no dispose': hmr(ABSENT),
  'vite-node --watch': { args: [bin('vite-node/dist/cli.mjs'), '--watch', 'src/main.ts'], tools: ['vite-node', 'vite'] },
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
