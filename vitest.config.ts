import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import type { Plugin } from 'vite';
import { defineConfig } from 'vitest/config';

const root = fileURLToPath(new URL('.', import.meta.url));
const nest11 = `${root}test/compat/nest11/`;

/** Everything that must be one copy for a Nest app: on Nest 11 it is resolved as if from the workspace that holds Nest 11. */
const NEST = /^(@nestjs\/|rxjs(\/|$)|reflect-metadata(\/|$))/;

const nest11Plugin: Plugin = {
  name: 'nest-11',
  enforce: 'pre',
  resolveId(id, importer, options) {
    if (!NEST.test(id) || importer?.startsWith(nest11)) return undefined;
    return this.resolve(id, `${nest11}package.json`, { ...options, skipSelf: true });
  },
};

/** Where a test asks: the Nest under test, and the directory with the compiled test/fixtures for it. */
const about = (nest: 'nest12' | 'nest11', from: string, fixtures: string) => ({
  BGW_NEST: nest,
  BGW_NEST_VERSION: (createRequire(from)('@nestjs/core/package.json') as { version: string }).version,
  BGW_FIXTURES: fixtures,
});

export default defineConfig({
  // What TypeScript's experimentalDecorators and emitDecoratorMetadata do; constructor injection by type needs both.
  oxc: { decorator: { legacy: true, emitDecoratorMetadata: true } },
  resolve: { alias: { 'nestjs-background-worker': `${root}lib/index.ts` } },
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
        plugins: [nest11Plugin],
        test: {
          name: 'nest11',
          // *.nest12.spec.ts needs a package that has no version for Nest 11.
          include: ['test/integration/**/*.spec.ts'],
          exclude: ['**/*.nest12.spec.ts'],
          env: about('nest11', nest11, `${nest11}build/test/fixtures/`),
        },
      },
    ],
  },
});
