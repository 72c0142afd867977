import { describe, expect, it } from 'vitest';
import type { ProcessInfo } from '../../lib/guard/ancestry.js';
import { isTestRunner, isWatcher } from '../../lib/guard/watchers.js';
import {
  isBornOrphan,
  watcherOf,
  whenToGuard as decide,
  whyOffAnyway,
  type Decision,
  type Origin,
} from '../../lib/guard/when-to-guard.js';
import type { GuardMode } from '../../lib/index.js';
import { Room } from './support/room.js';

const PLAIN = '/usr/bin/node dist/main.js';
const SHELL = 'sh -c node dist/main.js';
const chainOf = (...commands: string[]): ProcessInfo[] =>
  commands.map((command, index) => ({ pid: 100 - index, parent: 99 - index, args: listOf(command), started: index }));
const listOf = (command: string): readonly string[] => command.split(' ');
const whenToGuard = (mode: GuardMode, origin: Origin): Decision => decide(mode, () => origin, origin.env);
const of = (env: Record<string, string>, self: string, commands: readonly string[] = [], leader?: string): Origin => ({
  env,
  self: listOf(self),
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

describe('on, though the watcher and its shell have died', () => {
  it.each(['nest start --watch', 'npm run build && nest start --watch', 'cross-env A=1 nodemon dist/main.js'])(
    'by the script of npm: %s',
    (script) => {
      expect(auto({ npm_lifecycle_event: 'serve', npm_lifecycle_script: script }, 'init')).toBe(true);
    },
  );

  it('by the leader of its process group', () => {
    expect(whenToGuard('auto', of({}, PLAIN, ['init'], 'node node_modules/.bin/nest start --watch')).on).toBe(true);
    expect(whenToGuard('auto', of({}, PLAIN, ['init'], 'npm run start')).on).toBe(false);
  });

  it.each(['webpack && node dist/main.js', 'nest build --watch & node dist/main.js', 'nest start'])(
    'not by a script that leaves the app in the foreground: %s',
    (script) => {
      expect(auto({ npm_lifecycle_event: 'start', npm_lifecycle_script: script }, 'init')).toBe(false);
    },
  );
});

describe('an orphan from birth', () => {
  const DEV = { npm_lifecycle_event: 'start:dev', npm_lifecycle_script: 'nest start --watch' };
  const NEST = { npm_lifecycle_event: 'start', npm_lifecycle_script: 'nest start --watch' };
  /** The last of these is process 1. */
  const within = (env: Record<string, string>, commands: readonly string[], leader?: string, self = PLAIN): boolean => {
    const origin = of(env, self, commands, leader);
    const { length } = origin.ancestors;
    return isBornOrphan({ ...origin, ancestors: origin.ancestors.map((one, i) => ({ ...one, pid: length - i })) });
  };

  it.each<[string, Record<string, string>, readonly string[], string?]>([
    ['its shell has died', DEV, ['/sbin/init']],
    ['its watcher has died, its shell has not', DEV, [SHELL, '/sbin/init']],
    ['a user’s init has adopted it', DEV, ['/lib/systemd/systemd --user', '/sbin/init']],
    ['in a container without an init', DEV, ['sleep infinity']],
    ['in a container whose init is a shell', DEV, ['sh -c sleep 1000']],
    ['in a container whose init is npm, whose script is a watcher', NEST, ['npm run start']],
    ['the leader of its process group is a watcher', {}, ['/sbin/init'], 'node node_modules/.bin/nest start --watch'],
    ['node --watch has died', { WATCH_REPORT_DEPENDENCIES: '1' }, ['/sbin/init']],
  ])('%s', (_, env, commands, leader) => expect(within(env, commands, leader)).toBe(true));

  it.each<[string, Record<string, string>, readonly string[], string?]>([
    ['a child of init without a mark', {}, ['/sbin/init']],
    ['a child of init in development', { NODE_ENV: 'development' }, ['/sbin/init']],
    ['its watcher lives', DEV, [SHELL, 'node node_modules/.bin/nest start --watch', 'npm run start:dev', '/sbin/init']],
    ['its watcher is init', DEV, ['node node_modules/.bin/nest start --watch']],
    [
      'npm is init, and its script no watcher',
      { ...NEST, npm_lifecycle_script: 'node dist/main.js' },
      ['npm run start'],
    ],
    ['npm is init, and tells no script', { npm_lifecycle_event: 'start:dev' }, ['npm run start:dev']],
    ['yarn 4 is init, which tells no script', { npm_lifecycle_event: 'dev' }, ['node /usr/bin/yarn-4.9.1.cjs dev']],
    ['nohup has outlived its shell', { npm_lifecycle_event: 'start:dev' }, ['/sbin/init']],
    ['npm runs it', DEV, [SHELL, 'npm run start:dev', '/sbin/init']],
    ['something unknown runs it', DEV, ['/usr/bin/my-watcher', '/sbin/init']],
    ['it was typed in a terminal that npm had opened', DEV, ['bash', 'tmux: server', '/sbin/init']],
    ['nothing is known', DEV, []],
  ])('is none: %s', (_, env, commands, leader) => expect(within(env, commands, leader)).toBe(false));

  it('is none where the watcher is the process itself', () => {
    expect(within(DEV, ['/sbin/init'], undefined, 'node node_modules/.bin/vite-node --watch src/main.ts')).toBe(false);
  });
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
    ['it was started by npm run test:watch', { npm_lifecycle_event: 'test:watch' }],
    ['it was started by npm run start:e2e', { npm_lifecycle_event: 'start:e2e', NODE_ENV: 'development' }],
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

  it.each(['staging', 'local', ''])('not by NODE_ENV=%s under a watcher, but without one', (name) => {
    expect(auto({ NODE_ENV: name }, ...WATCHED)).toBe(true);
    expect(auto({ NODE_ENV: name })).toBe(false);
  });

  it('as a test runner’s process that has no mark', () => {
    const mocha = 'node /app/node_modules/mocha/lib/nodejs/worker.js';
    expect(whenToGuard('auto', of({}, mocha, ['nodemon'])).on).toBe(false);
    expect(whenToGuard('auto', of({ NODE_ENV: 'development' }, 'node /app/node_modules/.bin/mocha -p')).on).toBe(false);
  });

  it('asks for nothing but the environment where that says enough', () => {
    const never = (): never => {
      throw new Error('looked');
    };
    for (const env of [{ NODE_ENV: 'production' }, { CI: '1' }, { NODE_ENV: 'test' }, { pm_id: '0' }])
      expect(decide('auto', never, env).on).toBe(false);
    expect(decide('off', never, {}).on).toBe(false);
    expect(whyOffAnyway({})).toBeUndefined();
  });

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

it('two replicas of a real cluster both run, in development too', async () => {
  const room = new Room();
  Object.assign(room.env, { NODE_ENV: 'development' });
  const replicas = room.app({ mode: 'auto' }, {}, 'clustered');
  await replicas.prints('>> UP', 2);
  await room.until(replicas, () => room.count('start') === 2, 'both bodies start');
  expect(replicas.said('DEBUG')).toEqual(Array(2).fill('the development guard is off: it is a cluster worker'));
  // What the guard would not have allowed.
  expect(room.overlaps).toHaveLength(1);
});

it.each([{ pm_id: '0' }, { NODE_APP_INSTANCE: '1' }])(
  'PM2, by its mark: a process with %o runs beside another',
  async (mark) => {
    const room = new Room();
    Object.assign(room.env, { NODE_ENV: 'development', ...mark });
    await room.live({ mode: 'auto' });
    await room.live({ mode: 'auto' });
    expect(room.overlaps).toHaveLength(1);
  },
);

describe('a watcher', () => {
  it.each([
    ['node', '/a/dist/main.js', '--watch-dir=/a'],
    ['node', '/a/dist/main.js', '--watch'],
    ['node', '/a/dist/main.js', 'nest', 'start', '--watch'],
    ['node', '-e', "import('./nodemon --watch')"],
    ['node', '/home/nodemon/dist/main.js'],
    ['node', '/a/node_modules/.bin/nest', 'start', 'app --watch'],
    ['node', '/a/node_modules/.bin/tsx', 'src/main.ts', 'watch'],
    ['node', '/a/node_modules/.bin/vite', 'build'],
    ['bash', '-c', 'nodemon dist/main.js'],
  ])('is none, whatever the app is given: %s %s %s', (...args) => expect(isWatcher(args)).toBe(false));

  it.each([
    ['node', '--inspect', '--watch', 'dist/main.js'],
    ['node', '--import', './a.mjs', '--watch-path=./src', 'dist/main.js'],
    ['node', '/usr/local/bin/nodemon', 'dist/main.js'],
    ['node', '/a/node_modules/.bin/nx', 'serve', 'api'],
    ['node', '/a/node_modules/nx/bin/run-executor.js', '{}'],
    ['webpack'],
    ['nodemon', 'dist/main.js'],
    ['node', '/a/node_modules/.bin/vite', '--config', 'vite.api.ts'],
  ])('is one: %s %s %s', (...args) => expect(isWatcher(args)).toBe(true));

  it('is the nearest ancestor that is one, with those between', () => {
    const chain = chainOf('sh -c x', 'node x.js', 'nodemon x', 'npm run dev', 'nodemon y');
    expect(watcherOf(chain).map(({ pid }) => pid)).toEqual([100, 99, 98]);
    expect(watcherOf(chainOf('bash', 'tmux'))).toEqual([]);
  });
});

it.each([
  ['node', '--test', 'a.js'],
  ['node', '/a/node_modules/jest/bin/jest.js'],
  ['node', '/a/node_modules/@tapjs/run/dist/index.js'],
])('a test runner: %s %s', (...args) => expect(isTestRunner(args)).toBe(true));
