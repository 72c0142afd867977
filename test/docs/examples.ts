import { mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('../..', import.meta.url));

export const documents: readonly string[] = [
  'README.md',
  'bench/README.md',
  'bench/flood.md',
  ...readdirSync(join(root, 'docs'), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.md'))
    .map((file) => join('docs', file))
    .sort(),
];

export const textOf = (document: string): string => readFileSync(join(root, document), 'utf8');

/**
 * What becomes of a `ts` block, told by what stands in it:
 * - `part`: begins with a comment that names a file (`// src/main.ts`): with the others of its page it is one program;
 * - `main`: exports a function `main`, which is called;
 * - `app`: exports a class `AppModule`, which is booted with its workers, and closed;
 * - `workers`: exports workers, which are put into a module that is booted;
 * - `types`: is compiled only.
 */
export type Kind = 'part' | 'main' | 'app' | 'workers' | 'types';

export interface Example {
  readonly document: string;
  /** Of the first line of code in its document, from 1. */
  readonly line: number;
  readonly code: string;
  readonly kind: Kind;
  /** Where it is to be written, below the directory for examples. */
  readonly file: string;
}

export function examplesOf(document: string, text: string): readonly Example[] {
  const page = document.replace(/\.md$/, '').replaceAll('/', '-');
  return fencesOf(text)
    .filter(({ language }) => language === 'ts')
    .map(({ line, code }) => {
      const named = /^\/\/ (\S+\.ts)\n/.exec(code)?.[1];
      return { document, line, code, kind: kindOf(code), file: join(page, named ?? `line-${line}.ts`) };
    });
}

function kindOf(code: string): Kind {
  if (/^\/\/ \S+\.ts\n/.test(code)) return 'part';
  if (/^export async function main\(/m.test(code)) return 'main';
  if (/^export class AppModule\b/m.test(code)) return 'app';
  return /^@BackgroundWorker\(.*\nexport class /m.test(code) ? 'workers' : 'types';
}

interface Fence {
  readonly language: string;
  readonly line: number;
  readonly code: string;
}

export function fencesOf(text: string): readonly Fence[] {
  return [...text.matchAll(/^```(\w*)\n(.*?)^```$/gms)].map(({ 1: language = '', 2: code = '', index }) => ({
    language,
    code,
    line: text.slice(0, index).split('\n').length + 1,
  }));
}

export function write(directory: string, { file, code }: Example): string {
  const target = join(directory, file);
  mkdirSync(dirname(target), { recursive: true });
  writeFileSync(target, code);
  return target;
}
