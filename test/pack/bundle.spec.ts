import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { plainEnv } from '../support/plain-env.js';

const root = fileURLToPath(new URL('../..', import.meta.url));
const { exports } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
  exports: Record<string, unknown>;
};
const subpaths = Object.keys(exports).filter((name) => !name.endsWith('.json'));

/** What a program that imports the built package prints; it names itself as a user's import does. */
const print = (program: string, ...flags: readonly string[]): string =>
  execFileSync(process.execPath, [...flags, '--input-type=module', '--eval', program], {
    cwd: root,
    env: plainEnv(),
    encoding: 'utf8',
  });

const CAUGHT = `
  import { onCommit } from 'nestjs-background-worker/typeorm';
  const caught = (() => { try { onCommit({ dataSource: {} }, () => undefined) } catch (error) { return error } })();
`;

it('an error of a subpath is a BackgroundWorkerError of the root', () => {
  const program = `${CAUGHT}
    const { BackgroundWorkerError } = await import('nestjs-background-worker');
    console.log(caught.code, caught instanceof BackgroundWorkerError);`;
  expect(print(program)).toBe('BGW_NOT_REGISTERED true\n');
});

it('with source maps on, a stack leads to lib/', () => {
  const [, thrownAt] = print(`${CAUGHT} console.log(caught.stack)`, '--enable-source-maps').split('\n    at ');
  expect(thrownAt).toMatch(/[/\\]lib[/\\]commit[/\\]commit-hooks\.ts:\d+:\d+\)?$/);
});

it('what is exported keeps its name, for Nest and for logs', () => {
  const imports = subpaths.map((name, nr) => `import * as at${nr} from 'nestjs-background-worker${name.slice(1)}';`);
  const program = `${imports.join('\n')}
    const exported = [${imports.map((_, nr) => `at${nr}`).join()}].flatMap((one) => Object.entries(one));
    const named = exported.filter(([, value]) => typeof value === 'function');
    console.log(named.length, named.filter(([name, value]) => value.name !== name));`;
  expect(print(program)).toMatch(/^\d\d \[\]$/m);
});

const shipped = readdirSync(join(root, 'dist'), { recursive: true, encoding: 'utf8' });
const ending = (end: string): readonly string[] =>
  shipped.filter((name) => name.endsWith(end)).map((name) => readFileSync(join(root, 'dist', name), 'utf8'));

it('no class is renamed for another of its name, and the files are few', () => {
  const renamed = ending('.js').flatMap((code) => code.match(/\S+\$\d+ = class\b.*/g) ?? []);
  expect(renamed).toEqual([]);
  expect(ending('.js').length).toBeLessThanOrEqual(4 * subpaths.length);
});

it("nothing is bundled but lib/ and the compiler's helpers", () => {
  const maps = ending('.js.map');
  expect(maps).not.toEqual([]);
  const sources = maps.flatMap((map) => (JSON.parse(map) as { sources: string[] }).sources);
  expect(sources.filter((source) => !/^(\.\.\/)+lib\/|@oxc-project/.test(source))).toEqual([]);
});
