import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { execFile } from 'node:child_process';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { entryOf, guardKey, type AppIdentity } from '../../lib/guard/guard-key.js';

let root = '';
const { argv } = process;
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
  process.argv = argv;
  vi.restoreAllMocks();
  rmSync(root, { recursive: true });
});

function write(file: string): void {
  mkdirSync(dirname(join(root, file)), { recursive: true });
  writeFileSync(join(root, file), '{}');
}

const APP: AppIdentity = { rootModule: 'AppModule', workers: ['a', 'b'], key: undefined };
const keyOf = (main: string, more: Partial<AppIdentity> = {}, ...args: string[]): string => {
  process.argv = ['node', main.startsWith('/') ? main : join(root, 'one', main), ...args];
  return guardKey({ ...APP, ...more });
};

describe('one app', () => {
  it.each(['dist/main.js', 'dist/main', 'dist/src/main.js'])('src/main.ts and %s', (built) => {
    expect(keyOf(built)).toBe(keyOf('src/main.ts'));
  });

  it('of a monorepo, built or not', () => {
    expect(keyOf('dist/apps/api/main.js')).toBe(keyOf('apps/api/src/main.ts'));
  });

  it.each(['relative', 'absolute'])('run by vite-node, with a %s path', (how) => {
    vi.spyOn(process, 'cwd').mockReturnValue(join(root, 'one'));
    const file = how === 'relative' ? 'src/main.ts' : join(root, 'one/src/main.ts');
    expect(keyOf('node_modules/vite-node/vite-node.mjs', {}, '--watch', file)).toBe(keyOf('dist/main.js'));
  });

  it('reached through a link, with or without its extension', () => {
    symlinkSync(join(root, 'one'), join(root, 'link'));
    expect(keyOf(join(root, 'link/dist/main.js'))).toBe(keyOf('dist/main.js'));
    expect(keyOf(join(root, 'link/dist/main'))).toBe(keyOf('dist/main.js'));
  });

  it('whatever order its workers have', () => {
    expect(keyOf('dist/main.js', { workers: ['b', 'a'] })).toBe(keyOf('dist/main.js'));
  });
});

describe('different apps', () => {
  it.each([
    ['another entry', (): string => keyOf('src/worker.ts')],
    ['another app of the monorepo', (): string => keyOf('apps/web/src/main.ts')],
    ['another checkout', (): string => keyOf(join(root, 'two/dist/main.js'))],
    ['another root module', (): string => keyOf('dist/main.js', { rootModule: 'Other' })],
    ['other enabled workers', (): string => keyOf('dist/main.js', { workers: ['a'] })],
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

describe('the entry', () => {
  const VITE_NODE = 'node_modules/vite-node/vite-node.mjs';
  const entry = (argv: readonly string[], commandLine: readonly string[] = []): string =>
    entryOf(['node', ...argv], join(root, 'one'), () => ['node', ...commandLine]);

  it('is the file that was started', () => {
    expect(entry([join(root, 'one/dist/main.js')], ['other.js'])).toBe(join(root, 'one/dist/main.js'));
    expect(entry([])).toBe('');
  });

  it.each([
    ['--watch', 'src/main.ts'],
    ['-c', 'vite.config.ts', '--watch', 'src/main.ts', 'src/worker.ts'],
    ['--mode', 'development', 'src/main.ts', '--', 'src/worker.ts'],
  ])('of vite-node, which leaves its own arguments out of argv: %s %s %s', (...args) => {
    write('one/vite.config.ts');
    const tool = join(root, 'one', VITE_NODE);
    expect(entry([tool, 'src/worker.ts'], [tool, ...args])).toBe(join(root, 'one/src/main.ts'));
  });

  it('of a tool that was given no file is the tool', () => {
    const tool = join(root, 'one', VITE_NODE);
    expect(entry([tool], [tool, '--watch', 'none.ts'])).toBe(tool);
  });
});

it('of a real vite-node with --watch is the app', async () => {
  const file = join(root, 'one/src/main.ts');
  const lib = join(import.meta.dirname, '../../lib/guard/guard-key.ts');
  writeFileSync(file, `import { ownEntry } from ${JSON.stringify(lib)}; console.log(ownEntry()); process.exit();`);
  const cli = join(import.meta.dirname, '../../node_modules/.bin/vite-node');
  const { stdout } = await promisify(execFile)(process.execPath, [cli, '--watch', 'src/main.ts', 'more'], {
    cwd: join(root, 'one'),
  });
  expect(stdout.trim()).toBe(file);
});
