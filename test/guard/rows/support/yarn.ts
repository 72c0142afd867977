import { execFileSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { toolModules } from './tools.js';

const yarn: readonly string[] = [process.execPath, join(toolModules, '@yarnpkg/cli-dist/bin/yarn.js')];
export const YARN = { YARN_ENABLE_TELEMETRY: '0', YARN_NODE_LINKER: 'node-modules', YARN_ENABLE_GLOBAL_CACHE: 'false' };

/** Yarn runs a script only where it has installed; the app's modules are put aside meanwhile. */
export function installWithYarn(folder: string): void {
  const [modules, aside] = [join(folder, 'node_modules'), join(folder, 'modules-aside')];
  renameSync(modules, aside);
  const [node = '', bin = ''] = yarn;
  const env = { ...process.env, ...YARN, CI: '', YARN_ENABLE_IMMUTABLE_INSTALLS: 'false' };
  execFileSync(node, [bin, 'install'], { cwd: folder, env, stdio: 'pipe' });
  if (existsSync(modules)) rmSync(modules, { recursive: true });
  renameSync(aside, modules);
}

/** Yarn 4 as a project has it: by a name that tells its version. */
export function checkedInYarn(folder: string): readonly string[] {
  installWithYarn(folder);
  const [node = '', bin = ''] = yarn;
  const release = join(folder, '.yarn/releases/yarn-4.18.1.cjs');
  mkdirSync(dirname(release), { recursive: true });
  copyFileSync(bin, release);
  return [node, release];
}
