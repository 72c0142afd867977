import { readFileSync } from 'node:fs';
import { defineConfig } from 'rolldown';

const { exports, peerDependencies } = JSON.parse(readFileSync('package.json', 'utf8'));

/** Each subpath of the package is an entry: `./dist/NAME.js` is made of `lib/NAME.ts`. */
const names = Object.values(exports).flatMap((target) => /^\.\/dist\/(.+)\.js$/.exec(target.default)?.[1] ?? []);

export default defineConfig({
  input: Object.fromEntries(names.map((name) => [name, `./lib/${name}.ts`])),
  platform: 'node',
  tsconfig: 'tsconfig.build.json',
  external: [/^node:/, ...Object.keys(peerDependencies).map((name) => new RegExp(`^${name}(/|$)`))],
  output: {
    dir: 'dist',
    sourcemap: true,
    // What subpaths share is no one module's; what is behind an `import()` keeps its name.
    chunkFileNames: ({ isDynamicEntry }) => `chunks/${isDynamicEntry ? '[name]' : 'shared'}.js`,
    // Documentation is in the declarations.
    comments: { jsdoc: false },
  },
});
