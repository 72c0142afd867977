/**
 * The packed tarball in fresh projects: installed by npm beside Nest 12 and beside Nest 11, type-checked, imported
 * and require()d; each program runs a worker and closes. Then the subpaths, with the packages that they are for, and the
 * sample app in a folder of its own.
 */
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { clean, install, root, run } from './commands.js';
import { checkLifted } from './lifted.js';

const consumer = join(root, 'test/pack/consumer');
const tsc = join(root, 'node_modules/typescript/bin/tsc');

/** The version in use here, the nested Nest 11's where that is asked for. */
function installed(name: string, from = ''): string {
  for (const base of [from, '']) {
    try {
      const file = join(root, base, 'node_modules', name, 'package.json');
      return `${name}@${(JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version}`;
    } catch {
      // shared with the root
    }
  }
  throw new Error(`${name} is not installed`);
}

function project(directory: string, tarball: string, from?: string): void {
  mkdirSync(directory);
  writeFileSync(join(directory, 'package.json'), JSON.stringify({ name: 'consumer', private: true, type: 'module' }));
  const peers = ['@nestjs/common', '@nestjs/core', 'reflect-metadata', 'rxjs', '@types/node'];
  install(directory, tarball, ...peers.map((name) => installed(name, from)));
  const compilerOptions = {
    target: 'es2022',
    module: 'nodenext',
    types: ['node'],
    strict: true,
    experimentalDecorators: true,
    emitDecoratorMetadata: true,
    skipLibCheck: false,
  };
  writeFileSync(join(directory, 'tsconfig.json'), JSON.stringify({ compilerOptions }));
  for (const file of ['main.ts', 'require.cjs', 'types.cts']) copyFileSync(join(consumer, file), join(directory, file));
}

function check(directory: string, file: string, label: string): void {
  const output = run(directory, process.execPath, [file], clean);
  if (!/^worker ran: \w+ smoke$/m.test(output) || !output.endsWith('closed\n')) {
    throw new Error(`${label}: the worker did not run, or the app did not close:\n${output}`);
  }
  console.log(`${label}: ${output.split('\n')[0]}`);
}

/** Only now, so that what went before had none of what the subpaths need. */
function checkSubpaths(directory: string): void {
  install(directory, ...['typeorm', '@mikro-orm/core', 'nestjs-cls'].map((name) => installed(name)));
  copyFileSync(join(consumer, 'subpaths.ts'), join(directory, 'subpaths.ts'));
  run(directory, process.execPath, [tsc, '-p', '.', '--skipLibCheck']);
  const output = run(directory, process.execPath, ['subpaths.js'], clean);
  if (output !== 'subpaths: TypeOrmUnitsModule,MikroOrmUnitsModule,ClsUnits,onCommit,onCommit\n')
    throw new Error(output);
  console.log(output.trimEnd());
}

const temp = mkdtempSync(join(tmpdir(), 'bgw-pack-'));
try {
  const [packed] = JSON.parse(run(root, 'npm', ['pack', '--json', '--ignore-scripts', '--pack-destination', temp])) as [
    { filename: string },
  ];
  for (const [name, from] of [['nest12'], ['nest11', 'test/compat/nest11']] as const) {
    const directory = join(temp, name);
    const label = installed('@nestjs/core', from);
    project(directory, join(temp, packed.filename), from);
    run(directory, process.execPath, [tsc, '-p', '.']);
    console.log(`${label}: type-checked`);
    check(directory, 'main.js', `${label}, import`);
    check(directory, 'require.cjs', `${label}, require()`);
    checkSubpaths(directory);
  }
  await checkLifted(join(temp, 'lifted'), join(temp, packed.filename));
} finally {
  rmSync(temp, { recursive: true, force: true });
}
