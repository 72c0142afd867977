import { symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, expect, it } from 'vitest';
import { Site } from './support/site.js';
import { INSTALL, installTools, nx, toolModules } from './support/tools.js';
import type { Program } from './support/program.js';

beforeAll(installTools, INSTALL);

const ENV = {
  NX_DAEMON: 'false',
  NX_TUI: 'false',
  NX_NO_CLOUD: 'true',
  NX_ISOLATE_PLUGINS: 'false',
  NX_SKIP_NX_CACHE: 'true',
  npm_lifecycle_event: 'start:dev',
};

/** A workspace with one package.json, whose apps each have an AppModule and a worker of their own name. */
class Workspace extends Site {
  readonly root = this.checkout('workspace');

  constructor() {
    super();
    this.write(join(this.root, 'package.json'), JSON.stringify({ name: 'workspace', private: true, version: '0.0.0' }));
    this.write(join(this.root, 'nx.json'), JSON.stringify({ analytics: false }));
    try {
      symlinkSync(join(toolModules, '@nx'), join(this.root, 'node_modules/@nx'));
    } catch {
      // It is among the links already.
    }
    for (const name of ['api', 'worker']) this.addApp(name);
  }

  private addApp(name: string): void {
    const options = { outputPath: `dist/apps/${name}`, main: `apps/${name}/src/main.ts`, outputFileName: 'main.js' };
    const build = { executor: 'nx:run-commands', options: { command: 'node -e 0 --', ...options } };
    const serve = {
      executor: '@nx/js:node',
      continuous: true,
      options: { buildTarget: `${name}:build`, inspect: false, watch: false },
    };
    this.write(
      join(this.root, `apps/${name}/project.json`),
      JSON.stringify({ name, sourceRoot: `apps/${name}/src`, projectType: 'application', targets: { build, serve } }),
    );
    this.write(join(this.root, `dist/apps/${name}/main.js`), "require('../../main.js');\n");
  }

  serve(app: string, name: string): Program {
    return this.start([...nx, 'serve', app], { in: this.root, settings: { name, workers: [`of-${app}`] }, env: ENV });
  }
}

it('nx serve of two apps of one workspace: they never meet', { timeout: 180_000 }, async () => {
  const site = new Workspace();
  site.serve('api', 'one');
  await site.sees('start', 'one');
  site.serve('worker', 'two');
  await site.sees('start', 'two');
  await site.calm();
  expect(site.those('asked')).toEqual([]);
});
