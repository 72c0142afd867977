import { defineConfig } from 'vitest/config';

export default defineConfig({
  // What tsc does with decorators: constructor injection by type needs their metadata.
  oxc: { decorator: { legacy: true, emitDecoratorMetadata: true } },
  test: { name: 'sample-app', include: ['test/**/*.spec.ts'] },
});
