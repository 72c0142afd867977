import { rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Type } from '@nestjs/common';
import { afterAll, afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { ERROR_CODES } from '../../lib/shared/errors.js';
import { transpile, typeErrorsOf } from './compile.js';
import { docstringExamplesOf, namesWithoutExample, sources } from './docstrings.js';
import { documents, examplesOf, fencesOf, root, textOf, write, type Example } from './examples.js';
import { anchorsOf, brokenLinksOf } from './links.js';
import { telltales } from '../support/plain-env.js';
import { bootAndStop, moduleOf, runUntil } from './run.js';

const directory = join(root, 'test/build', `docs-${process.pid}`);
const written = new Map<string, Example>(
  documents.flatMap((document) => examplesOf(document, textOf(document)).map((one) => [write(directory, one), one])),
);
const inDocstrings = new Map<string, Example>(
  sources.flatMap((source) => docstringExamplesOf(source, textOf(source)).map((one) => [write(directory, one), one])),
);
afterAll(() => rmSync(directory, { recursive: true, force: true }));

const load = async (path: string): Promise<Record<string, unknown>> => (await import(path)) as Record<string, unknown>;

async function run(path: string, { kind }: Example): Promise<void> {
  const exported = await load(path);
  if (kind === 'main') await (exported['main'] as () => Promise<void>)();
  else await bootAndStop(kind === 'app' ? (exported['AppModule'] as Type<unknown>) : moduleOf(exported));
}

const made = (code: string): [string, Example] => {
  const [example] = examplesOf('broken.md', `\`\`\`ts\n${code}\`\`\`\n`);
  return [write(directory, example!), example!];
};

/** A line of the log without what differs from run to run. */
const blank = (line: string): string => line.replace(/^.*?(?=LOG|VERBOSE|WARN|ERROR)/, '').replace(/\d+/g, '#');

function asItsReader(): void {
  beforeEach(() => telltales().forEach((name) => vi.stubEnv(name, undefined)));
  afterEach(() => void vi.unstubAllEnvs());
}

describe('examples', () => {
  it('are type-checked, those of docstrings too', () => {
    expect(typeErrorsOf(new Map([...written, ...inDocstrings]))).toEqual([]);
  }, 60_000);

  it('show each public name, in docstrings', () => {
    expect(namesWithoutExample(inDocstrings.values())).toEqual([]);
  });

  it('are mostly run', () => {
    const kinds = [...written.values()].map(({ kind }) => kind);
    expect(kinds.filter((kind) => kind !== 'types').length / kinds.length).toBeGreaterThan(0.8);
  });

  describe('of a page', () => {
    asItsReader();
    const runnable = [...written].filter(([, { kind }]) => kind !== 'part' && kind !== 'types');

    it.each(runnable.map(([path, one]) => ({ path, one, title: `${one.document}:${one.line} (${one.kind})` })))(
      '$title runs',
      async ({ path, one }) => await run(path, one),
    );
  });

  it('of the five-minute start are a program that drains at SIGTERM and prints what README.md shows', async () => {
    const parts = [...written].filter(([, { kind, document }]) => kind === 'part' && document === 'README.md');
    for (const [path] of parts) transpile(path);
    const [main] = parts.map(([path]) => path).filter((path) => path.endsWith('/main.ts'));
    const { output, signal } = await runUntil(main!.replace(/\.ts$/, '.js'), 'memory waits for its next run');

    const shown = fencesOf(textOf('README.md'))
      .filter(({ code }) => code.startsWith('[Nest]'))
      .flatMap(({ code }) => code.trim().split('\n').map(blank));
    expect(shown).toHaveLength(5);
    expect(output.split('\n').map(blank)).toEqual(expect.arrayContaining(shown));
    expect(signal).toBe('SIGTERM');
  });
});

describe('what checks the examples', () => {
  asItsReader();
  const imports = "import { BackgroundWorker, type WorkerContext } from 'nestjs-background-worker';\n";

  it('finds a type error, and says where', () => {
    const [path, example] = made(`${imports}@BackgroundWorker({ every: 1_000 })\nexport class Bad {}\n`);
    expect(typeErrorsOf(new Map([[path, example]]))).toEqual([expect.stringMatching(/^broken\.md:3: .*run/s)]);
  }, 60_000);

  it('finds a type error in a docstring, and says where', () => {
    const text = '/**\n * A.\n * @example\n * ```ts\n * DoNotRestart.now();\n * ```\n */\nexport class A {}\n';
    const [example] = docstringExamplesOf('lib/a.ts', text);
    expect(typeErrorsOf(new Map([[write(directory, example!), example!]]))).toEqual([
      expect.stringMatching(/^lib\/a\.ts:5: .*now/s),
    ]);
  }, 60_000);

  it.each([
    ['a tick that throws', '{ every: 1_000 }', "run() {\n    throw new Error('broken');\n  }", /broken/],
    ['a loop that rejects', '', "async run() {\n    await null;\n    throw new Error('broken');\n  }", /broken/],
    [
      'a body that does not end',
      '{ stopTimeout: 10 }',
      'async run(ctx: WorkerContext) {\n    await ctx.unitOfWork(() => new Promise<void>(() => undefined));\n  }',
      /abandoned/,
    ],
  ])('finds %s', async (title, options, method, message) => {
    const name = title.replaceAll(' ', '');
    const code = `// ${name}\n${imports}@BackgroundWorker(${options})\nexport class Bad {\n  ${method}\n}\n`;
    const example: Example = { document: 'broken.md', line: 1, code, kind: 'workers', file: `${name}.ts` };
    await expect(run(write(directory, example), example)).rejects.toThrow(message);
  });

  it('finds a failed assertion', async () => {
    const code = "import assert from 'node:assert/strict';\nexport async function main() {\n  assert.equal(1, 2);\n}\n";
    await expect(run(...made(code))).rejects.toThrow(/1 !== 2/);
  });

  it('finds a broken link', () => {
    const text = '# Here\n[a](nowhere.md) [b](docs/workers.md#nowhere) [c](#here) [d](docs/workers.md#tick)';
    expect(brokenLinksOf('README.md', text)).toEqual(['README.md: nowhere.md', 'README.md: docs/workers.md#nowhere']);
  });
});

it.each(documents)('the links of %s lead somewhere', (document) => {
  expect(brokenLinksOf(document, textOf(document))).toEqual([]);
});

it('docs/errors.md explains each code, and no other', () => {
  const codes = anchorsOf(textOf('docs/errors.md')).filter((anchor) => anchor.startsWith('bgw_'));
  expect(codes.map((code) => code.toUpperCase()).sort()).toEqual([...ERROR_CODES].sort());
});
