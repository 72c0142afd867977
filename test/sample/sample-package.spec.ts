import { existsSync, readFileSync } from 'node:fs';
import { expect, it } from 'vitest';

type Dependencies = Readonly<Record<string, string>>;
interface Package {
  readonly engines: Dependencies;
  readonly dependencies: Dependencies;
  readonly devDependencies: Dependencies;
}

const read = (path: string): Package => JSON.parse(readFileSync(new URL(path, import.meta.url), 'utf8')) as Package;

it("the sample app's versions are the repository's", () => {
  const root = read('../../package.json');
  const sample = read('../../sample-app/package.json');
  const { 'nestjs-background-worker': own, ...others } = { ...sample.dependencies, ...sample.devDependencies };
  expect(own).toBe('file:..');
  expect(root.devDependencies).toMatchObject(others);
  expect(sample.engines).toEqual(root.engines);
});

it("the sample app's tsconfig has what it needs of the repository's", () => {
  const { declaration: _, ...options } = compilerOptions('../../tsconfig.json');
  expect(compilerOptions('../../sample-app/tsconfig.json')).toEqual(options);
});

it("what the sample app's README.md names is there", () => {
  const text = readFileSync(new URL('../../sample-app/README.md', import.meta.url), 'utf8');
  const paths = [...text.matchAll(/`((?:src|test)\/[^`]*)`/g)].map(([, path]) => path!);
  expect(paths.length).toBeGreaterThan(9);
  expect(paths.filter((path) => !existsSync(new URL(`../../sample-app/${path}`, import.meta.url)))).toEqual([]);
});

const compilerOptions = (path: string): Record<string, unknown> =>
  (read(path) as unknown as { compilerOptions: Record<string, unknown> }).compilerOptions;
