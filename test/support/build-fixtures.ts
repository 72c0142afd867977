import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import type { TestProject } from 'vitest/node';

const root = fileURLToPath(new URL('../..', import.meta.url));
const OUT: Record<string, string> = { nest12: 'test/build/nest12', nest11: 'test/compat/nest11/build' };

/**
 * Child-process programs (test/fixtures/*.ts) and the lib they import by relative path, as JavaScript, in a directory
 * from which `@nestjs/*` resolves to the project's Nest. Types are checked by `npm run typecheck`, not here.
 */
export default function setup(project: TestProject): void {
  buildDist();
  const out = OUT[project.name];
  if (out !== undefined) transpile(join(root, out));
}

function transpile(out: string): void {
  const { config } = ts.readConfigFile(join(root, 'tsconfig.json'), (path) => ts.sys.readFile(path)) as {
    config: { compilerOptions: object };
  };
  const { options } = ts.convertCompilerOptionsFromJson(
    {
      ...config.compilerOptions,
      // One file at a time: package.json's "type" is not seen.
      module: 'es2022',
      moduleResolution: 'bundler',
      noEmit: false,
      declaration: false,
      sourceMap: false,
      inlineSourceMap: true,
    },
    root,
  );
  rmSync(out, { recursive: true, force: true });
  for (const file of ['lib', 'test/fixtures', 'test/support'].flatMap(sources)) {
    const target = join(out, file.replace(/\.ts$/, '.js'));
    const fileName = join(root, file);
    const { outputText } = ts.transpileModule(readFileSync(fileName, 'utf8'), { fileName, compilerOptions: options });
    mkdirSync(dirname(target), { recursive: true });
    writeFileSync(target, outputText);
  }
}

/** For tests of the package as it is published. `npm test` has built it; here only what has changed since. */
function buildDist(): void {
  const built = statSync(join(root, 'dist/index.js'), { throwIfNoEntry: false })?.mtimeMs ?? 0;
  if (sources('lib').every((file) => statSync(join(root, file)).mtimeMs <= built)) return;
  try {
    execFileSync('npm', ['run', '--silent', 'build'], { cwd: root, stdio: 'inherit' });
  } catch {
    console.warn('lib has type errors; its JavaScript was written all the same');
  }
}

function sources(directory: string): string[] {
  try {
    return readdirSync(join(root, directory), { recursive: true, encoding: 'utf8' })
      .filter((file) => file.endsWith('.ts') && !file.endsWith('.d.ts'))
      .map((file) => join(directory, file));
  } catch {
    return [];
  }
}
