import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, expect, it } from 'vitest';
import { freePort } from '../support/room.js';
import { isAlive } from '../support/running.js';
import { Site } from './support/site.js';
import { INSTALL, installTools } from './support/tools.js';
import { YARN, checkedInYarn } from './support/yarn.js';

const LIMIT = { timeout: 120_000 };

it('nohup node dist/main.js &, and the shell has exited: it is no orphan, and waits', LIMIT, async () => {
  const site = new Site();
  const folder = site.checkout();
  const env = { NODE_ENV: 'development' };
  const out = join(site.directory, 'nohup.out');
  const command = `nohup "${process.execPath}" dist/main.js >"${out}" 2>&1 & while [ ! -e "$ROW_JOURNAL.left" ]; do sleep 0.05; done`;
  const shell = site.start(['sh', '-c', command], {
    in: folder,
    env,
    settings: { name: 'old', port: await freePort() },
  });
  await site.sees('start', 'old');
  await site.sees('up', 'old');
  site.make('left');
  await shell.ended;
  site.node(folder, ['dist/main.js'], { env, settings: { name: 'young', port: await freePort() } });
  await site.sees('start', 'young');
  await site.calm();
  expect(site.those('exit')).toEqual([]);
  expect(isAlive(site.pidOf('start', 'old'))).toBe(true);
  expect(readFileSync(out, 'utf8')).toContain(`pid ${site.pidOf('start', 'young')}`);
  expect(site.overlaps).toEqual([]);
});

it('who has lost a real watcher ends, and says why', LIMIT, async () => {
  const site = new Site();
  const folder = site.checkout();
  const nodemon = ['node_modules/nodemon/bin/nodemon.js', '--watch', 'src', 'dist/main.js'];
  const first = site.node(folder, nodemon, { settings: { name: 'old' } });
  await site.sees('start', 'old');
  await site.sees('up', 'old');
  first.child.kill('SIGKILL');
  site.node(folder, nodemon, { settings: { name: 'young' } });
  await site.dies('old');
  await site.sees('start', 'young');
  expect(site.overlaps).toEqual([]);
  await first.mustSay('watcher', /gone/);
});

const container = ['unshare', '-U', '-c', '-p', '-f', '-m', '--keep-caps', '--mount-proc', '--kill-child'];
const may = spawnSync('unshare', [...container.slice(1), 'true']).status === 0;
if (!may) console.warn('SKIPPED: yarn as process 1; this machine allows no unshare');

for (const manager of ['yarn 4', 'npm'] as const)
  it.skipIf(!may)(`${manager} as process 1 of a container: nobody ends`, LIMIT, async () => {
    await installTools();
    const site = new Site();
    const folder = site.checkout();
    site.scripts(folder, { 'start:dev': 'node dist/main.js' });
    const run = manager === 'npm' ? ['npm', 'run', 'start:dev'] : [...checkedInYarn(folder), 'run', 'start:dev'];
    const contained = site.start([...container, ...run], { in: folder, env: YARN, settings: { name: 'old' } });
    await site.sees('start', 'old');
    await site.sees('up', 'old');
    site.start(['npm', 'run', 'start:dev'], { in: folder, settings: { name: 'young' } });
    await site.sees('start', 'young');
    await site.calm();
    expect(site.those('exit')).toEqual([]);
    expect(contained.isOver).toBe(false);
    expect(site.overlaps).toEqual([]);
  });

beforeAll(installTools, INSTALL);
