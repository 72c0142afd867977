import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { Site } from './support/site.js';
import { INSTALL, installTools, mocha } from './support/tools.js';
import type { Program } from './support/program.js';

const LIMIT = { timeout: 120_000 };
const npm = (script: string): readonly string[] => ['npm', 'run', '--silent', script];
const ON = 'the development guard is on';
const OFF = 'the development guard is off';

describe('a script called start:dev', () => {
  const cases: readonly [NodeJS.ProcessEnv, string][] = [
    [{ NODE_ENV: 'local' }, ON],
    [{ NODE_ENV: '' }, ON],
    [{ NODE_ENV: 'staging' }, ON],
    [{ NODE_ENV: 'production' }, OFF],
    [{ NODE_ENV: 'test' }, OFF],
    [{ NODE_ENV: 'local', CI: 'true' }, OFF],
  ];
  it('on, unless NODE_ENV is production or test, or CI says otherwise', LIMIT, async () => {
    const site = new Site();
    const folder = site.checkout();
    site.scripts(folder, { 'start:dev': 'node dist/main.js' });
    // Each is a user's first and only one: they are not to meet.
    const apps = cases.map(([env, word], key) => ({
      app: site.start(npm('start:dev'), { in: folder, env, settings: { key: String(key) } }),
      word,
      env,
    }));
    for (const { app, word, env } of apps) {
      await app.prints('the development guard is ');
      expect(app.output, JSON.stringify(env)).toContain(word);
    }
  });

  it('NODE_ENV=local, twice: never two', LIMIT, async () => {
    const site = new Site();
    const folder = site.checkout();
    site.scripts(folder, { 'start:dev': 'node dist/main.js' });
    for (const name of ['one', 'two']) {
      site.start(npm('start:dev'), { in: folder, settings: { name }, env: { NODE_ENV: 'local' } });
      await site.sees('start', name);
    }
    expect(site.overlaps).toEqual([]);
  });
});

describe('the app’s own arguments are no mark', () => {
  const own: readonly (readonly string[])[] = [
    ['--watch-dir=/a'],
    ['--watch'],
    ['--watch-path', 'x'],
    ['start', '--watch'],
    ['nodemon'],
    ['tsx', 'watch'],
  ];
  it('the guard is off', LIMIT, async () => {
    const site = new Site();
    const folder = site.checkout();
    const apps: Program[] = own.map((args) => site.node(folder, ['dist/main.js', ...args]));
    for (const app of apps) {
      await app.prints('the development guard is ');
      expect(app.output, app.command).toContain(OFF);
    }
    await site.sees('start', undefined, own.length);
    expect(site.those('asked')).toEqual([]);
  });
});

describe('mocha --watch --parallel', () => {
  beforeAll(installTools, INSTALL);

  for (const script of ['test:watch', 'test:dev'])
    it(`by a script ${script}, beside a dev server: nobody is robbed`, LIMIT, async () => {
      const site = new Site();
      const folder = site.checkout();
      const [node, bin] = mocha;
      const command = `"${node}" "${bin}" --watch --parallel --jobs 2 --timeout 60000 "spec/*.cjs"`;
      site.scripts(folder, { 'start:dev': 'node dist/main.js', [script]: command });
      site.start(npm('start:dev'), { in: folder, settings: { name: 'server' } });
      await site.sees('start', 'server');
      for (const name of ['one', 'two']) site.write(join(folder, `spec/${name}.cjs`), specOf(name));
      const tests = site.start(npm(script), { in: folder });
      await tests.prints(/\d passing/);
      expect(tests.output).not.toMatch(/\d failing/);
      expect(site.those('asked', 'server')).toEqual([]);
    });
});

/** Starts the app, and waits for its worker to run beside the other file's, which is in a process of its own at that very time. */
const specOf = (name: string): string => `
const { readFileSync } = require('node:fs');
process.env.ROW_SETTINGS = JSON.stringify({ name: '${name}' });
const lines = () => readFileSync(process.env.ROW_JOURNAL, 'utf8').split('\\n');
const sees = async (event, of) => {
  while (!lines().some((line) => line.startsWith(event) && line.endsWith(of)))
    await new Promise((resolve) => setTimeout(resolve, 10));
};
it('runs its worker', async () => {
  const app = await require('../dist/boot.js').boot();
  await sees('start', 'one');
  await sees('start', 'two');
  if (lines().some((line) => line.startsWith('asked') && line.endsWith('server'))) throw new Error('robbed');
  await app.close();
});
`;
