/** `npm run bench:tasks`: what a task costs. See README.md beside this file. */
import { execFileSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { plainEnv } from '../test/support/plain-env.js';
import { compile } from './compile.js';

const out = fileURLToPath(new URL(`build/${process.pid}`, import.meta.url));
try {
  compile(['bench/tasks-run.ts', 'bench/tasks-alone.ts', 'bench/tasks-peers.ts'], out);
  for (const file of ['tasks-run', 'tasks-alone'])
    execFileSync(process.execPath, ['--expose-gc', join(out, `bench/${file}.js`)], {
      env: plainEnv(),
      stdio: 'inherit',
    });
} finally {
  rmSync(out, { recursive: true, force: true });
}
