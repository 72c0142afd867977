import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('../..', import.meta.url));

/** Nothing of a test run or of CI: there the library starts no workers, and means it. */
const { PATH, HOME } = process.env;
export const clean = { PATH, HOME };

export const run = (cwd: string, file: string, args: string[], env: NodeJS.ProcessEnv = process.env): string =>
  execFileSync(file, args, { cwd, env, encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'], timeout: 180_000 });

export function install(directory: string, ...packages: readonly string[]): void {
  const flags = ['--prefer-offline', '--no-audit', '--no-fund', '--strict-peer-deps'];
  run(directory, 'npm', ['install', ...flags, ...packages]);
}
