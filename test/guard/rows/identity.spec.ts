import { renameSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { Site } from './support/site.js';

const DEVELOPMENT = { NODE_ENV: 'development' };
const LIMIT = { timeout: 120_000 };

/** Neither has asked the other for anything. */
async function neverMeet(site: Site): Promise<void> {
  await site.sees('start', 'one');
  await site.sees('up', 'two');
  await site.sees('start', 'two');
  expect(site.those('asked')).toEqual([]);
}

describe('two apps that are not one', () => {
  it('node -e in two checkouts', LIMIT, async () => {
    const site = new Site();
    for (const name of ['one', 'two']) {
      const folder = site.checkout(name, { name });
      site.node(folder, ['-e', "import('./dist/main.js')"], { env: DEVELOPMENT });
      await site.sees('start', name);
    }
    await neverMeet(site);
  });

  it('two configs of vite in one package', LIMIT, async () => {
    const site = new Site();
    const folder = site.checkout();
    for (const name of ['one', 'two']) {
      site.write(join(folder, `vite.${name}.config.mjs`), viteThatRuns('/src/main.ts'));
      const vite = ['node_modules/vite/bin/vite.js', '--config', `vite.${name}.config.mjs`];
      site.node(folder, vite, { settings: { name, workers: [`of-${name}`] }, env: DEVELOPMENT });
      await site.sees('start', name);
    }
    await neverMeet(site);
  });

  it('vite-node, one config, two entries', LIMIT, async () => {
    const site = new Site();
    const folder = site.checkout();
    site.write(join(folder, 'settings/vite.mts'), 'export default { oxc: { decorator: { legacy: true } } };\n');
    for (const name of ['one', 'two']) {
      site.write(join(folder, `src/${name}.ts`), "import { boot } from './boot.js';\nvoid boot();\n");
      const args = ['node_modules/vite-node/dist/cli.mjs', '--config', 'settings/vite.mts', `src/${name}.ts`];
      site.node(folder, args, { settings: { name }, env: DEVELOPMENT });
      await site.sees('start', name);
    }
    await neverMeet(site);
  });

  it('a loader that a runner forks, told by the environment what to run', LIMIT, async () => {
    const site = new Site();
    const folder = site.checkout();
    site.write(join(folder, 'node_modules/a-runner/loader.js'), 'require(process.env.TO_RUN);\n');
    site.write(
      join(folder, 'node_modules/a-runner/run.js'),
      "require('child_process').fork(__dirname + '/loader.js');\n",
    );
    for (const name of ['one', 'two']) {
      const env = { ...DEVELOPMENT, TO_RUN: join(folder, 'dist/main.js') };
      site.node(folder, ['node_modules/a-runner/run.js'], { settings: { name, workers: [`of-${name}`] }, env });
      await site.sees('start', name);
    }
    await neverMeet(site);
  });

  it('apps/build and apps/lib without a package.json of their own', LIMIT, async () => {
    const site = new Site();
    const folder = site.checkout();
    for (const name of ['build', 'lib']) {
      site.write(join(folder, `apps/${name}/main.js`), "require('../../dist/main.js');\n");
      site.node(folder, [`apps/${name}/main.js`], { settings: { name }, env: DEVELOPMENT });
      await site.sees('start', name);
    }
    await site.calm();
    expect(site.those('asked')).toEqual([]);
  });
});

describe('two of one app', () => {
  it('a loader that a runner forks, twice', LIMIT, async () => {
    const site = new Site();
    const folder = site.checkout();
    site.write(join(folder, 'node_modules/a-runner/loader.js'), 'require(process.env.TO_RUN);\n');
    const env = { ...DEVELOPMENT, TO_RUN: join(folder, 'dist/main.js') };
    for (const name of ['one', 'two']) {
      site.node(folder, ['node_modules/a-runner/loader.js'], { settings: { name }, env });
      await site.sees('start', name);
    }
    expect(site.overlaps).toEqual([]);
  });

  it('the folder is renamed while the first runs', LIMIT, async () => {
    const site = new Site();
    const folder = site.checkout();
    site.node(folder, ['dist/main.js'], { settings: { name: 'one' }, env: DEVELOPMENT });
    await site.sees('start', 'one');
    const renamed = join(site.directory, 'renamed');
    renameSync(folder, renamed);
    site.node(renamed, ['dist/main.js'], { settings: { name: 'two' }, env: DEVELOPMENT });
    await site.sees('start', 'two');
    expect(site.overlaps).toEqual([]);
  });
});

/** A dev server whose own business is the app, as those with a plugin for Node are. */
const viteThatRuns = (entry: string): string => `export default {
  oxc: { decorator: { legacy: true, emitDecoratorMetadata: true } },
  server: { port: 0, middlewareMode: false, ws: false, hmr: false },
  ssr: { external: true },
  plugins: [{ name: 'runs', configureServer: (server) => () => void server.ssrLoadModule('${entry}') }],
};
`;
