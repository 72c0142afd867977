import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';

const bench = fileURLToPath(new URL('.', import.meta.url));
export const BUILD = join(bench, 'build');

/**
 * The files of this folder as plain JavaScript for plain Node: no loader's time in the numbers. They import the package by
 * its name, which is what `npm run build` made of it. @returns where they are; they are removed when this process ends
 */
export function compile(): string {
  mkdirSync(BUILD, { recursive: true });
  const out = mkdtempSync(join(BUILD, 'run-'));
  process.once('exit', () => rmSync(out, { recursive: true, force: true }));
  for (const file of readdirSync(bench).filter((name) => name.endsWith('.ts'))) {
    const { outputText } = ts.transpileModule(readFileSync(join(bench, file), 'utf8'), {
      compilerOptions: {
        target: ts.ScriptTarget.ES2022,
        module: ts.ModuleKind.ES2022,
        experimentalDecorators: true,
        emitDecoratorMetadata: true,
        useDefineForClassFields: false,
      },
    });
    writeFileSync(join(out, `${basename(file, '.ts')}.js`), outputText);
  }
  return out;
}
