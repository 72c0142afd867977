import { readdirSync, readFileSync } from 'node:fs';
import { afterAll } from 'vitest';

/**
 * After each spec file everything it opened must be gone: timers, sockets, servers, threads, child processes and their
 * descendants. Compares with what was open before the file was imported, and gives it a while to settle.
 * Descendants are known by an environment variable: a child started with an `env` of its own must be given it, too.
 */
const SETTLE = 6_000;
const STEP = 20;
const MARK = 'BGW_TEST_PROCESS';

const { setTimeout } = globalThis; // the real one, whatever fake timers a test installs
const mark = `${process.pid}-${process.hrtime.bigint()}`;
process.env[MARK] = mark;
const before = count(process.getActiveResourcesInfo());

afterAll(async () => {
  let leaks = leaked();
  for (let waited = 0; leaks.length > 0 && waited < SETTLE; waited += STEP) {
    // Unref'd, so not among what is counted.
    await new Promise((resolve) => setTimeout(resolve, STEP).unref());
    leaks = leaked();
  }
  if (leaks.length === 0) return;
  for (const pid of descendants()) process.kill(pid, 'SIGKILL');
  throw new Error(`still open ${SETTLE} ms after the last test of this file: ${leaks.join(', ')}`);
}, SETTLE + 5_000);

function leaked(): string[] {
  const more = [...count(process.getActiveResourcesInfo())].flatMap(([type, now]) => {
    const extra = now - (before.get(type) ?? 0);
    return extra > 0 ? [`${extra} ${type}`] : [];
  });
  return [...more, ...descendants().map((pid) => `process ${pid} (${commandOf(pid)})`)];
}

function count(types: readonly string[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const type of types) counts.set(type, (counts.get(type) ?? 0) + 1);
  return counts;
}

/** Processes that inherited our mark (Linux; elsewhere direct children only, as ProcessWrap above). */
function descendants(): number[] {
  if (process.platform !== 'linux') return [];
  return readdirSync('/proc')
    .map(Number)
    .filter((pid) => pid > 0 && pid !== process.pid && proc(pid, 'environ').includes(`${MARK}=${mark}\0`));
}

const commandOf = (pid: number): string => proc(pid, 'cmdline').replaceAll('\0', ' ').trim();

function proc(pid: number, file: string): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'utf8');
  } catch {
    return ''; // gone, or another user's
  }
}
