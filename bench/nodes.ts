import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { plainEnv } from '../test/support/plain-env.js';
import { BUILD } from './compile.js';

const [RUNNING = ''] = process.versions.node.split('.');

/**
 * The Node of a major version, called by its path: npm's `node` package, installed once into a folder outside of the
 * workspaces. As a devDependency it would be the Node of every npm script.
 */
export function nodeOf(major: string): string {
  if (major === RUNNING) return process.execPath;
  const home = join(BUILD, 'nodes', major);
  const binary = join(home, 'node_modules/node/bin', process.platform === 'win32' ? 'node.exe' : 'node');
  if (!existsSync(binary)) {
    mkdirSync(home, { recursive: true });
    writeFileSync(join(home, 'package.json'), '{ "private": true }');
    const npm = ['install', '--no-audit', '--no-fund', `node@${major}`];
    execFileSync('npm', npm, { cwd: home, env: plainEnv(), stdio: 'inherit', shell: process.platform === 'win32' });
  }
  return binary;
}

/** The majors that the command line names, or else these. */
export const majorsOr = (others: readonly string[] = [RUNNING]): readonly string[] =>
  process.argv.length > 2 ? process.argv.slice(2) : others;

export const versionOf = (node: string): string => execFileSync(node, ['--version'], { encoding: 'utf8' }).trim();
