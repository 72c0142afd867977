import { describe, expect, it } from 'vitest';
import type { ProcessInfo } from '../../lib/host/ancestry.js';
import { isBornOrphan, whenToGuard, type Origin } from '../../lib/guard/when-to-guard.js';
import { Room } from './support/room.js';

const PLAIN = '/usr/bin/node dist/main.js';
const SHELL = 'sh -c node dist/main.js';
const chainOf = (...commands: string[]): ProcessInfo[] =>
  commands.map((command, index) => ({ pid: 100 - index, parent: 99 - index, command, started: String(index) }));
const of = (env: Record<string, string>, self: string, commands: readonly string[] = [], leader?: string): Origin => ({
  env,
  self,
  ancestors: chainOf(...commands),
  leader: leader === undefined ? undefined : chainOf(leader)[0],
});
const auto = (env: Record<string, string>, ...commands: string[]): boolean =>
  whenToGuard('auto', of(env, PLAIN, commands)).on;

describe('on', () => {
  it.each([
    ['/usr/bin/node /app/node_modules/.bin/nest start --watch'],
    ['node /app/node_modules/@nestjs/cli/../../.bin/nest start -w'],
    ['node /app/node_modules/.bin/nest start api --debug --watch'],
    ['node /app/node_modules/.bin/nest build --webpack --webpackPath webpack-hmr.config.js --watch'],
    ['node /app/node_modules/.bin/nodemon --exec tsx src/main.ts'],
    ['node /app/node_modules/nodemon/bin/nodemon.js dist/main.js'],
    ['node /app/node_modules/.bin/tsx watch src/main.ts'],
    ['/usr/bin/node /app/node_modules/tsx/dist/cli.mjs watch src/main.ts'],
    ['node /app/node_modules/.bin/ts-node-dev --respawn src/main.ts'],
    ['node /app/node_modules/.bin/tsnd src/main.ts'],
    ['node /app/node_modules/.bin/vite-node --watch src/main.ts'],
    ['node /app/node_modules/webpack/bin/webpack.js --watch'],
    ['/usr/bin/node --watch dist/main.js'],
    ['node --enable-source-maps --watch-path=src dist/main.js'],
  ])('under %s', (watcher) => {
    expect(auto({}, watcher)).toBe(true);
    expect(auto({}, SHELL, watcher)).toBe(true);
    expect(auto({ NODE_ENV: 'development' }, watcher)).toBe(true);
    // The process itself.
    expect(whenToGuard('auto', of({}, watcher)).on).toBe(true);
  });

  it.each(['start:dev', 'dev', 'watch', 'start:watch', 'api:dev', 'dev:api'])('by npm run %s', (script) => {
    expect(auto({ npm_lifecycle_event: script }, SHELL)).toBe(true);
  });

  it.each([[{ WATCH_REPORT_DEPENDENCIES: '1' }], [{ NODE_ENV: 'development' }]])('by %o', (env) => {
    expect(auto(env)).toBe(true);
  });

  it.each<Record<string, string>>([{ KUBERNETES_SERVICE_HOST: '10.0.0.1' }, { INVOCATION_ID: 'abc' }])(
    'by a watcher within %o',
    (env) => {
      expect(auto(env, 'node --watch dist/main.js')).toBe(true);
      expect(auto({ ...env, npm_lifecycle_event: 'start:dev' })).toBe(true);
    },
  );
});

describe('off', () => {
  it('without a mark; a terminal is none', () => {
    expect(whenToGuard('auto', of({ TERM: 'xterm' }, PLAIN, ['bash', 'tmux']))).toEqual({
      on: false,
      because: 'no watcher runs it',
    });
  });

  it.each([
    'node /home/me/webpack/dist/main.js',
    'node /srv/nodemon-app/dist/main.js',
    'node /srv/vite-node/dist/main.js',
    'node /app/node_modules/.bin/nest start',
    'node /app/node_modules/.bin/tsx src/main.ts',
    'vim watch.ts',
  ])('under %s', (command) => {
    expect(auto({}, command)).toBe(false);
    expect(whenToGuard('auto', of({}, command)).on).toBe(false);
  });

  it.each(['start', 'start:prod', 'build', 'test', 'developer', 'watchman'])('by npm run %s', (script) => {
    expect(auto({ npm_lifecycle_event: script }, SHELL)).toBe(false);
  });

  const WATCHED = ['node --watch dist/main.js'] as const;
  it.each([
    ['NODE_ENV is production', { NODE_ENV: 'production' }],
    ['CI is set', { CI: 'true' }],
    ['CI is set', { CI: '1', NODE_ENV: 'development' }],
    ['a test runner runs it (VITEST)', { VITEST: 'true' }],
    ['a test runner runs it (JEST_WORKER_ID)', { JEST_WORKER_ID: '1' }],
    ['a test runner runs it (NODE_TEST_CONTEXT)', { NODE_TEST_CONTEXT: 'child' }],
    ['a test runner runs it (NODE_ENV=test)', { NODE_ENV: 'test' }],
    ['it is a replica (NODE_APP_INSTANCE)', { NODE_APP_INSTANCE: '0' }],
    ['it is a replica (pm_id)', { pm_id: '3', NODE_ENV: 'development' }],
    ['NODE_ENV is staging', { NODE_ENV: 'staging' }],
  ])('%s, watched or not', (because, env) => {
    expect(whenToGuard('auto', of(env as Record<string, string>, PLAIN, WATCHED))).toEqual({
      on: false,
      because,
    });
  });

  it.each<Record<string, string>>([{ KUBERNETES_SERVICE_HOST: '10.0.0.1' }, { INVOCATION_ID: 'abc' }])(
    'within %o without a watcher',
    (env) => {
      expect(auto(env)).toBe(false);
      expect(auto({ ...env, NODE_ENV: 'development' })).toBe(false);
    },
  );

  it('CI=false is no CI', () => expect(auto({ CI: 'false', NODE_ENV: 'development' })).toBe(true));
});

it('on and off are what they say', () => {
  expect(whenToGuard('on', of({ NODE_ENV: 'production', CI: '1' }, PLAIN))).toEqual({
    on: true,
    because: "guard: 'on'",
  });
  expect(whenToGuard('off', of({ NODE_ENV: 'development' }, PLAIN, ['nodemon']))).toEqual({
    on: false,
    because: "guard: 'off'",
  });
});

describe('a real process says in one debug line what it is and why', () => {
  const line = async (mode: 'auto' | 'on' | 'off', env: NodeJS.ProcessEnv): Promise<readonly string[]> => {
    const room = new Room();
    Object.assign(room.env, env);
    const app = room.app({ mode });
    await app.prints('>> UP');
    return app.said('DEBUG');
  };

  it('on', async () => expect(await line('on', {})).toEqual(["the development guard is on: guard: 'on'"]));
  it('off', async () => expect(await line('off', {})).toEqual(["the development guard is off: guard: 'off'"]));
  it('auto, in development', async () =>
    expect(await line('auto', { NODE_ENV: 'development' })).toEqual([
      'the development guard is on: NODE_ENV is development',
    ]));
  it('auto, in production', async () =>
    expect(await line('auto', { NODE_ENV: 'production' })).toEqual([
      'the development guard is off: NODE_ENV is production',
    ]));
});
