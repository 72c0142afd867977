import { mkdirSync, mkdtempSync, realpathSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { execFile } from 'node:child_process';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { entryOf, normalisedEntry, type Started } from '../../lib/guard/entry.js';
import { appKey, lineageKey, type AppIdentity } from '../../lib/guard/guard-key.js';

let root = '';
beforeEach(() => {
  root = realpathSync(mkdtempSync(join(tmpdir(), 'bgw-key-')));
  for (const checkout of ['one', 'two'])
    for (const file of [
      'package.json',
      'src/main.ts',
      'dist/main.js',
      'dist/src/main.js',
      'apps/api/src/main.ts',
      'dist/apps/api/main.js',
      'apps/web/src/main.ts',
      'src/worker.ts',
      'node_modules/vite-node/vite-node.mjs',
    ])
      write(`${checkout}/${file}`);
});
afterEach(() => {
  vi.restoreAllMocks();
  rmSync(root, { recursive: true });
});

function write(file: string): void {
  mkdirSync(dirname(join(root, file)), { recursive: true });
  writeFileSync(join(root, file), '{}');
}

const APP: AppIdentity = { rootModule: 'AppModule', workers: ['a', 'b'], key: undefined };
const startedBy = (argv: readonly string[], more: Partial<Started> = {}): Started => ({
  argv: ['node', ...argv],
  cwd: join(root, 'one'),
  env: {},
  commandLine: () => [],
  ...more,
});
const absolute = (main: string): string => (main.startsWith('/') ? main : join(root, 'one', main));
const keyOf = (main: string, more: Partial<AppIdentity> = {}, ...args: string[]): string =>
  appKey(startedBy([absolute(main), ...args]), { ...APP, ...more });

describe('one app', () => {
  it.each(['dist/main.js', 'dist/main', 'dist/src/main.js'])('src/main.ts and %s', (built) => {
    expect(keyOf(built)).toBe(keyOf('src/main.ts'));
  });

  it('of a monorepo, built or not', () => {
    expect(keyOf('dist/apps/api/main.js')).toBe(keyOf('apps/api/src/main.ts'));
  });

  it.each(['relative', 'absolute'])('run by vite-node, with a %s path', (how) => {
    const file = how === 'relative' ? 'src/main.ts' : join(root, 'one/src/main.ts');
    expect(keyOf('node_modules/vite-node/vite-node.mjs', {}, '--watch', file)).toBe(keyOf('dist/main.js'));
  });

  it('reached through a link, with or without its extension', () => {
    symlinkSync(join(root, 'one'), join(root, 'link'));
    expect(keyOf(join(root, 'link/dist/main.js'))).toBe(keyOf('dist/main.js'));
    expect(keyOf(join(root, 'link/dist/main'))).toBe(keyOf('dist/main.js'));
  });

  it('whatever workers its modules have: an edit makes no other app', () => {
    expect(keyOf('dist/main.js', { workers: ['c'] })).toBe(keyOf('dist/main.js'));
  });

  it('whose folder was renamed', () => {
    const before = keyOf('dist/main.js');
    renameSync(join(root, 'one'), join(root, 'three'));
    expect(keyOf(join(root, 'three/dist/main.js'))).toBe(before);
  });

  it('that Nx runs is the file that Nx names', () => {
    const nx = startedBy([absolute('node_modules/@nx/js/node-with-require-overrides.js')], {
      env: { NX_FILE_TO_RUN: absolute('dist/apps/api/main.js') },
    });
    expect(appKey(nx, APP)).toBe(keyOf('apps/api/src/main.ts'));
  });

  it.each([
    ['code on the command line', []],
    ['code from stdin', ['-']],
    ['the forked loader of a runner', ['node_modules/runner/loader.js']],
  ])('of which nobody knows the entry (%s), by its workers in any order', (_, argv) => {
    const one = startedBy(argv.map((arg) => (arg === '-' ? arg : absolute(arg))));
    expect(appKey(one, { ...APP, workers: ['b', 'a'] })).toBe(appKey(one, APP));
    expect(appKey(one, { ...APP, workers: ['c'] })).not.toBe(appKey(one, APP));
    expect(appKey({ ...one, cwd: join(root, 'two') }, APP)).not.toBe(appKey(one, APP));
  });
});

describe('different apps', () => {
  it.each([
    ['another entry', (): string => keyOf('src/worker.ts')],
    ['another app of the monorepo', (): string => keyOf('apps/web/src/main.ts')],
    ['another checkout', (): string => keyOf(join(root, 'two/dist/main.js'))],
    ['another root module', (): string => keyOf('dist/main.js', { rootModule: 'Other' })],
    ['a role', (): string => appKey(startedBy([absolute('dist/main.js')], { env: { BACKGROUND_WORKERS: 'a' } }), APP)],
    [
      'a key in the environment',
      (): string => appKey(startedBy([absolute('dist/main.js')], { env: { BACKGROUND_WORKERS_KEY: 'b' } }), APP),
    ],
    ['a key', (): string => keyOf('dist/main.js', { key: 'e2e' })],
  ])('%s', (_, other) => {
    expect(other()).not.toBe(keyOf('dist/main.js'));
  });

  it('of two monorepo apps', () => expect(keyOf('apps/web/src/main.ts')).not.toBe(keyOf('apps/api/src/main.ts')));

  it('of two users', () => {
    const mine = keyOf('dist/main.js');
    vi.spyOn(process as { getuid(): number }, 'getuid').mockReturnValue(12_345);
    expect(keyOf('dist/main.js')).not.toBe(mine);
  });
});

describe('a lineage', () => {
  const WATCHER = { pid: 7, parent: 1, args: [], started: 100 };
  const of = (main: string, watcher = WATCHER, env: Started['env'] = {}): string =>
    lineageKey(startedBy([absolute(main)], { env }), watcher);

  it('is the watcher and the entry, and nothing that the code says', () =>
    expect(of('dist/main.js')).toBe(of('dist/main.js')));

  it.each([
    ['another watcher', (): string => of('dist/main.js', { ...WATCHER, pid: 8 })],
    ['a later process of the same number', (): string => of('dist/main.js', { ...WATCHER, started: 101 })],
    ['another entry', (): string => of('src/worker.ts')],
    ['a key in the environment', (): string => of('dist/main.js', WATCHER, { BACKGROUND_WORKERS_KEY: 'b' })],
  ])('is another: %s', (_, other) => expect(other()).not.toBe(of('dist/main.js')));
});

it('a folder of an app that is called as out dirs are is its own', () => {
  const of = (file: string): string => normalisedEntry('/r', `/r/${file}`);
  expect(of('apps/build/src/main.ts')).not.toBe(of('apps/lib/src/main.ts'));
  expect(of('dist/apps/build/main.js')).toBe(of('apps/build/src/main.ts'));
  expect(of('dist/main.js')).toBe(of('src/main.ts'));
});

describe('the entry', () => {
  const VITE_NODE = 'node_modules/vite-node/vite-node.mjs';
  const entry = (argv: readonly string[], commandLine: readonly string[] = []): string | undefined =>
    entryOf(startedBy(argv, { commandLine: () => ['node', ...commandLine] }));

  it('is the file that was started', () => {
    expect(entry([join(root, 'one/dist/main.js')], ['other.js'])).toBe(join(root, 'one/dist/main.js'));
    expect(entry([])).toBeUndefined();
  });

  it.each([
    ['--watch', 'src/main.ts'],
    ['-c', 'vite.config.ts', '--watch', 'src/main.ts', 'src/worker.ts'],
    ['--config', 'vite.api.ts', 'src/main.ts'],
    ['--mode', 'development', 'src/main.ts', '--', 'src/worker.ts'],
  ])('of vite-node, which leaves its own arguments out of argv: %s %s %s', (...args) => {
    write('one/vite.config.ts');
    write('one/vite.api.ts');
    const tool = join(root, 'one', VITE_NODE);
    expect(entry([tool, 'src/worker.ts'], [tool, ...args])).toBe(join(root, 'one/src/main.ts'));
  });

  it('of a tool that was given no file is unknown', () => {
    const tool = join(root, 'one', VITE_NODE);
    expect(entry([tool], [tool, '--watch', 'none.ts'])).toBeUndefined();
    expect(entry([tool], [tool, '--config', 'package.json'])).toBeUndefined();
  });
});

it('of a real vite-node with --watch is the app', async () => {
  const file = join(root, 'one/src/main.ts');
  const lib = join(import.meta.dirname, '../../lib/guard/surroundings.ts');
  const code = `import { ownIdentity } from ${JSON.stringify(lib)}; console.log(ownIdentity().entry); process.exit();`;
  writeFileSync(file, code);
  const cli = join(import.meta.dirname, '../../node_modules/.bin/vite-node');
  const { stdout } = await promisify(execFile)(process.execPath, [cli, '--watch', 'src/main.ts', 'more'], {
    cwd: join(root, 'one'),
  });
  expect(stdout.trim()).toBe('src/main.ts');
});
