import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { Site } from './support/site.js';

const LIMIT = { timeout: 120_000 };

/** Tells of each file of /proc or of the user's own that is looked at, and of each program that is started. */
const TELLS = `data:text/javascript,${encodeURIComponent(`
  import fs from 'node:fs';
  import programs from 'node:child_process';
  import { syncBuiltinESMExports } from 'node:module';
  const watched = /^\\/proc\\/|nestjs-background-worker(-\\d+)?(\\/secret.*|\\/.*\\.json)?$/;
  const isOurs = (path) => watched.test(path) && !/node_modules|\\.js$|package\\.json$/.test(path);
  const wrap = (of, name, is) => {
    const { [name]: real } = of;
    of[name] = Object.assign((...args) => {
      if (is(String(args[0]))) console.log('>> LOOKS ' + name + ' ' + args[0]);
      return real(...args);
    }, real);
  };
  for (const name of ['readFileSync', 'openSync', 'statSync', 'lstatSync', 'mkdirSync', 'readdirSync', 'readFile'])
    wrap(fs, name, isOurs);
  for (const name of ['execFileSync', 'execSync', 'spawnSync', 'execFile', 'spawn']) wrap(programs, name, () => true);
  syncBuiltinESMExports();
`)}`;

const OFF: Record<string, NodeJS.ProcessEnv> = {
  production: { NODE_ENV: 'production' },
  test: { NODE_ENV: 'test', BACKGROUND_WORKERS: 'on' },
  CI: { CI: 'true' },
  'a replica of PM2': { NODE_APP_INSTANCE: '0' },
  'production under npm run start:dev': { NODE_ENV: 'production', npm_lifecycle_event: 'start:dev' },
};
for (const [what, env] of Object.entries(OFF))
  it(`${what}: no file and no process is looked up`, LIMIT, async () => {
    const site = new Site();
    const app = site.node(site.checkout(), ['--import', TELLS, 'dist/main.js'], { env });
    await site.sees('start');
    await site.sees('up');
    expect(app.output.match(/>> LOOKS .*/g)).toBeNull();
  });

it("guard: 'off': neither", LIMIT, async () => {
  const site = new Site();
  const app = site.node(site.checkout(), ['--import', TELLS, 'dist/main.js'], { settings: { guard: 'off' } });
  await site.sees('start');
  expect(app.output.match(/>> LOOKS .*/g)).toBeNull();
});

it('where it is on they are: the trace sees them', LIMIT, async () => {
  const site = new Site();
  const env = { NODE_ENV: 'development' };
  const app = site.node(site.checkout(), ['--import', TELLS, 'dist/main.js'], { env });
  await site.sees('start');
  expect(app.times('>> LOOKS')).toBeGreaterThan(0);
});

const hasStrace = spawnSync('strace', ['-f', '-o', '/dev/null', 'true']).status === 0;
if (!hasStrace) console.warn('SKIPPED: the trace by strace, which is not here or not allowed');
it.skipIf(!hasStrace)('production, by strace: no look at a process, no program, no endpoint', LIMIT, async () => {
  const site = new Site();
  const trace = join(site.directory, 'trace');
  const strace = ['strace', '-f', '-qq', '-e', 'trace=openat,open,execve,bind,connect', '-o', trace];
  const env = { NODE_ENV: 'production' };
  const app = site.start([...strace, process.execPath, 'dist/main.js'], { in: site.checkout(), env });
  await site.sees('start');
  await site.sees('up');
  app.signal('SIGTERM');
  await app.ended;
  const calls = readFileSync(trace, 'utf8').split('\n');
  expect(calls.filter((line) => line.includes('execve('))).toHaveLength(1);
  expect(
    calls.filter((line) => /\/proc\/(self|\d+)\/(stat|cmdline)"|nestjs-background-worker(-\d+)?\/secret/.test(line)),
  ).toEqual([]);
  expect(calls.filter((line) => /(bind|connect)\(.*(AF_UNIX|127\.0\.0\.1)/.test(line))).toEqual([]);
});
