import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { freePort } from '../support/room.js';
import type { Settings } from './app/shape.js';
import { Site } from './support/site.js';

const LIMIT = { timeout: 180_000 };
const VITE_NODE = ['node_modules/vite-node/dist/cli.mjs', '--watch', 'src/main.ts'];

const DISPOSE = `import { boot } from './boot.js';
const app = boot();
if (import.meta.hot) {
  import.meta.hot.accept();
  import.meta.hot.dispose(() => void app.then((one) => one.close()));
}
`;

describe('vite-node: the newest created wins, however slow an older one boots', () => {
  for (const dispose of [false, true])
    it(dispose ? 'dispose, not awaited' : 'without dispose', LIMIT, async () => {
      const site = new Site();
      const folder = site.checkout('app', { name: 'v1' });
      if (dispose) site.write(join(folder, 'src/main.ts'), DISPOSE);
      const runner = site.node(folder, VITE_NODE, { env: { NODE_ENV: 'development' } });
      await site.sees('start', 'v1');
      await runner.watches();
      site.edit(folder, { name: 'v2', init: 'go' });
      await site.sees('init', 'v2');
      await runner.watches();
      site.edit(folder, { name: 'v3' });
      await site.sees('init', 'v3');
      if (!dispose) await site.sees('start', 'v3');
      site.make('go');
      await site.sees('up', 'v2');
      await site.sees('start', 'v3');
      await site.calm();
      expect(site.overlaps).toEqual([]);

      expect(site.lastBody).toMatch(/^start \d+ v3$/);
    });
});

describe('an edit of what the app is called', () => {
  const edits: Record<string, readonly [Settings, Settings]> = {
    'of enabled': [
      { workers: ['probe', 'second'], enabled: ['probe'] },
      { workers: ['probe', 'second'], enabled: ['second'] },
    ],
    'of the root module’s name': [{ rootModule: 'AppModule' }, { rootModule: 'RootModule' }],
    'of guard.key': [{ key: 'one' }, { key: 'two' }],
  };
  for (const [what, [before, after]] of Object.entries(edits))
    it(`${what}, nest start --watch`, LIMIT, async () => {
      const site = new Site();
      const folder = site.checkout('app', { ...before, name: 'v1' });
      // A trap makes any sh stay, as dash of Debian 12 does: then the CLI does not wait for the app itself.
      const nest = ['node_modules/@nestjs/cli/bin/nest.js', 'start', '--watch', '--builder', 'swc'];
      const settings = { port: await freePort(), drain: 3_500 };
      const server = site.node(folder, [...nest, '--exec', 'trap : EXIT; node'], { settings });
      await site.sees('start', 'v1');
      await server.watches();
      site.edit(folder, { ...after, name: 'v2' });
      await site.sees('start', 'v2');
      expect(site.those('lost')).toEqual([]);
      expect(site.overlaps).toEqual([]);
    });
});

describe('two npm run start:dev on one port', () => {
  it('the second dies at each save, and the first keeps its workers, or has them back at once', LIMIT, async () => {
    const site = new Site();
    const folder = site.checkout();
    site.scripts(folder, { 'start:dev': `node --watch dist/main.js` });
    const settings = { port: await freePort() };
    const start = (name: string) =>
      site.start(['npm', 'run', 'start:dev'], { in: folder, settings: { ...settings, name } });
    const one = start('one');
    await site.sees('start', 'one');
    const two = start('two');
    const dead = async (deaths: number): Promise<string> => {
      await site.sees('lost', undefined, deaths);
      const [, pid = '', name = ''] = site.those('lost').at(-1)!.split(' ');
      await site.sees('exit', pid);
      return name;
    };
    for (let deaths = 1; deaths <= 2; deaths++) {
      const who = await dead(deaths);
      const since = performance.now();
      await site.until(
        () => site.lastBody.startsWith('start') && !site.lastBody.endsWith(` ${who}`),
        'the other has them',
      );
      expect(performance.now() - since).toBeLessThan(2_000);
      // Both watchers see a save; which of the two is first then is not ours to say.
      if (deaths === 1) site.write(join(folder, 'dist/main.js'), "require('./boot.js').boot();\n");
    }
    expect(site.overlaps).toEqual([]);
    expect(two.output).toContain('EADDRINUSE');
    // On a fast machine it may die before it has got anything.
    if (one.says('handed over')) expect(one.says('pid', 'back')).toBe(true);
  });
});
