import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { isAlive } from '../../support/running.js';

const directory = join(import.meta.dirname, '../../tools');
const lock = join(directory, '.installing');
const installed = join(directory, 'node_modules/.package-lock.json');
export const toolModules = join(directory, 'node_modules');

const isFresh = (): boolean =>
  existsSync(installed) && statSync(installed).mtimeMs >= statSync(join(directory, 'package.json')).mtimeMs;

function locked(): boolean {
  try {
    mkdirSync(lock);
    writeFileSync(join(lock, 'pid'), String(process.pid));
    return true;
  } catch {
    return false;
  }
}

function isStale(): boolean {
  try {
    return !isAlive(Number(readFileSync(join(lock, 'pid'), 'utf8')));
  } catch {
    return false;
  }
}

/** Installs, once a machine, what only these tests start; several of them may ask at once. */
export async function installTools(): Promise<void> {
  while (!isFresh()) {
    if (locked()) {
      try {
        // Exact versions, and no lock: npm 11 refuses those it has made of pnpm's aliases for other platforms.
        const options = ['--no-package-lock', '--no-audit', '--no-fund'];
        execFileSync('npm', ['install', '--prefix', directory, ...options], { stdio: 'inherit' });
      } finally {
        rmSync(lock, { recursive: true, force: true });
      }
    } else if (isStale()) rmSync(lock, { recursive: true, force: true });
    else await pause(200);
  }
}

/** Of `installTools`, in milliseconds. */
export const INSTALL = 600_000;

const bin = (path: string): readonly string[] => [process.execPath, join(toolModules, path)];
export const nx = bin('nx/dist/bin/nx.js');
export const mocha = bin('mocha/bin/mocha.js');
