import { mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';

const root = fileURLToPath(new URL('..', import.meta.url));

/** These files and lib/ as plain JavaScript for plain Node, as `npm run build` makes it: no loader's time in the numbers. */
export function compile(files: readonly string[], out: string): void {
  const lib = readdirSync(join(root, 'lib'), { recursive: true, encoding: 'utf8' }).map((file) => join('lib', file));
  for (const file of [...files, ...lib.filter((name) => name.endsWith('.ts'))]) {
    const { outputText } = ts.transpileModule(readFileSync(join(root, file), 'utf8'), {
      compilerOptions: {
        target: ts.ScriptTarget.ES2022,
        module: ts.ModuleKind.ES2022,
        experimentalDecorators: true,
        emitDecoratorMetadata: true,
        useDefineForClassFields: false,
      },
    });
    const target = join(out, file.replace(/\.ts$/, '.js'));
    mkdirSync(dirname(target), { recursive: true });
    writeFileSync(target, outputText);
  }
}
