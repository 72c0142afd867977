import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import * as common from '@nestjs/common';
import ts from 'typescript';
import { fencesOf, root, textOf, type Example } from './examples.js';

const ADAPTER = 'nestjs-background-worker/adapter';

/** The public entry points, by what they are imported as. */
const entries: ReadonlyMap<string, string> = new Map([
  ['nestjs-background-worker', 'lib/index.ts'],
  [ADAPTER, 'lib/adapter.ts'],
  ...readdirSync(join(root, 'lib/adapters')).map(
    (name) => [`nestjs-background-worker/${name}`, `lib/adapters/${name}/index.ts`] as const,
  ),
]);

interface Name {
  readonly name: string;
  /** Decorated signatures want `import type` of types. */
  readonly isType: boolean;
}

function exportsOf(file: string): readonly Name[] {
  const source = ts.createSourceFile(file, textOf(file), ts.ScriptTarget.ES2022);
  return source.statements.flatMap((statement) =>
    ts.isExportDeclaration(statement) && statement.exportClause && ts.isNamedExports(statement.exportClause)
      ? statement.exportClause.elements.map(({ name, isTypeOnly }) => ({
          name: name.text,
          isType: isTypeOnly || statement.isTypeOnly,
        }))
      : [],
  );
}

const ofNest: readonly Name[] = Object.keys(common).map((name) => ({ name, isType: false }));

/** By specifier. An example of an adapter means that adapter's own names. */
const publicNames = new Map([...entries].map(([specifier, file]) => [specifier, exportsOf(file)] as const));

export const sources: readonly string[] = readdirSync(join(root, 'lib'), { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.ts'))
  .map((file) => join('lib', file))
  .sort();

/** The text of a file's docstrings, each line at its place; all else is blank. */
export const docstringsOf = (code: string): string =>
  code.replace(/\/\*\*.*?\*\/|[^\n]/gs, (part) =>
    part.startsWith('/**') ? part.replace(/^\s*(\/\*\*|\*\/|\* ?)/gm, '') : '',
  );

const wordsOf = (code: string): Set<string> => new Set(code.match(/\b[A-Za-z]\w*\b/g));

/** The names of the core and of the adapters that no example of a docstring shows. */
export function namesWithoutExample(examples: Iterable<Example>): readonly string[] {
  const shown = wordsOf([...examples].map(({ code }) => code).join('\n'));
  return [...publicNames]
    .filter(([specifier]) => specifier !== ADAPTER)
    .flatMap(([, names]) => names.map(({ name }) => name))
    .filter((name) => !shown.has(name));
}

/** What an example leaves to its reader's editor. Last, so that its lines stay where they are. */
function importsFor(code: string, specifiers: readonly string[]): string {
  const said = wordsOf(code);
  for (const line of code.match(/^import .*$/gm) ?? []) for (const name of wordsOf(line)) said.delete(name);
  const lines = specifiers.flatMap((specifier) => {
    const names = (publicNames.get(specifier) ?? ofNest)
      .filter(({ name }) => said.delete(name))
      .map(({ name, isType }) => (isType ? `type ${name}` : name));
    return names.length > 0 ? [`import { ${names.join(', ')} } from '${specifier}';`] : [];
  });
  return ['', 'export {};', ...lines, ''].join('\n');
}

/** The blocks of `@example` in a file of lib/, with the imports that they need. */
export function docstringExamplesOf(document: string, text: string): readonly Example[] {
  const adapter = /^lib\/adapters\/([^/]+)\//.exec(document)?.[1];
  const own = adapter === undefined ? [] : [`nestjs-background-worker/${adapter}`];
  const specifiers = [...own, 'nestjs-background-worker', ADAPTER, '@nestjs/common'];
  return fencesOf(docstringsOf(text))
    .filter(({ language }) => language === 'ts')
    .map(({ line, code }) => ({
      document,
      line,
      code: code + importsFor(code, specifiers),
      kind: 'types',
      file: join(document.replaceAll('/', '-'), `line-${line}.ts`),
    }));
}
