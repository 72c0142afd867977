/** `npm run bench:tasks`: what a task costs. See README.md beside this file. */
import { execFileSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { compile } from './compile.js';

/** A real environment: no test runner's, no CI's, no switch of ours. */
const env = Object.fromEntries(
  Object.entries(process.env).filter(
    ([name]) => !/^(VITEST|JEST_|NODE_TEST|NODE_ENV$|NODE_OPTIONS$|CI$|BACKGROUND_WORKERS$|npm_)/.test(name),
  ),
);

const out = fileURLToPath(new URL(`build/${process.pid}`, import.meta.url));
try {
  compile(['bench/tasks-run.ts', 'bench/tasks-peers.ts'], out);
  execFileSync(process.execPath, ['--expose-gc', join(out, 'bench/tasks-run.js')], { env, stdio: 'inherit' });
} finally {
  rmSync(out, { recursive: true, force: true });
}
