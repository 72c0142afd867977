import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import type { Plugin } from 'vite';
import { defineConfig, type TestProjectInlineConfiguration } from 'vitest/config';

const root = fileURLToPath(new URL('.', import.meta.url));
const nest11 = `${root}test/compat/nest11/`;

/** Everything that must be one copy for a Nest app: on Nest 11 it is resolved as if from the workspace that holds Nest 11. */
const NEST = /^(@nestjs\/|rxjs(\/|$)|reflect-metadata(\/|$))/;

/** Resolves these packages as if from another workspace. */
const from = (workspace: string, packages: RegExp): Plugin => ({
  name: workspace,
  enforce: 'pre',
  resolveId(id, importer, options) {
    if (!packages.test(id) || importer?.startsWith(workspace)) return undefined;
    return this.resolve(id, `${workspace}package.json`, { ...options, skipSelf: true });
  },
});

/** Where a test asks: the Nest under test, and the directory with the compiled test/fixtures for it. */
const about = (nest: 'nest12' | 'nest11', from: string, fixtures: string) => ({
  BGW_NEST: nest,
  BGW_NEST_VERSION: (createRequire(from)('@nestjs/core/package.json') as { version: string }).version,
  BGW_FIXTURES: fixtures,
});

/** MikroORM 7 asks for a newer Node than we do; its tests run there only. */
const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
const runsMikroOrm7 = major * 100 + minor >= 2217;
if (!runsMikroOrm7)
  console.warn(`SKIPPED: the contract of MikroORM 7, which needs Node 22.17; this is ${process.version}`);
const mikroOrm7: TestProjectInlineConfiguration = {
  extends: true,
  plugins: [from(`${root}test/compat/mikro-orm-7/`, /^@mikro-orm\//)],
  test: {
    name: 'mikro-orm-7',
    include: ['test/contract/mikro-orm*.spec.ts', 'test/contract/broken-connections.spec.ts'],
    env: { ...about('nest12', import.meta.url, `${root}test/build/nest12/test/fixtures/`), BGW_MIKRO_ORM: '7' },
  },
};

export default defineConfig({
  // What TypeScript's experimentalDecorators and emitDecoratorMetadata do; constructor injection by type needs both.
  oxc: { decorator: { legacy: true, emitDecoratorMetadata: true } },
  resolve: {
    alias: [
      { find: /^nestjs-background-worker$/, replacement: `${root}lib/index.ts` },
      { find: /^nestjs-background-worker\/adapter$/, replacement: `${root}lib/adapter.ts` },
      { find: /^nestjs-background-worker\/(.+)$/, replacement: `${root}lib/adapters/$1/index.ts` },
    ],
  },
  test: {
    pool: 'forks',
    globalSetup: ['test/support/build-fixtures.ts'],
    setupFiles: ['test/support/leak-check.ts'],
    testTimeout: 20_000,
    hookTimeout: 20_000,
    // The file for `.ci/run`, which counts from it.
    reporters: process.env['BGW_TEST_REPORT']
      ? ['default', ['json', { outputFile: process.env['BGW_TEST_REPORT'] }]]
      : ['default'],
    projects: [
      {
        extends: true,
        test: {
          name: 'nest12',
          include: ['test/**/*.spec.ts'],
          exclude: ['test/compat/**', '**/node_modules/**', 'test/build/**'],
          env: about('nest12', import.meta.url, `${root}test/build/nest12/test/fixtures/`),
        },
      },
      {
        extends: true,
        plugins: [from(nest11, NEST)],
        test: {
          name: 'nest11',
          // *.nest12.spec.ts needs a package that has no version for Nest 11.
          include: ['test/integration/**/*.spec.ts'],
          exclude: ['**/*.nest12.spec.ts'],
          env: about('nest11', nest11, `${nest11}build/test/fixtures/`),
        },
      },
      ...(runsMikroOrm7 ? [mikroOrm7] : []),
      './sample-app',
    ],
  },
});
