import { spawn, type ChildProcess } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { plainEnv } from '../test/support/plain-env.js';

/**
 * What the guard costs: between processes that do nothing else, one of which holds the workers of one app.
 * Beside it what the machine takes for a bare connect to an abstract socket. Run `npm run build` first.
 */
const ROUNDS = Number(process.argv[2] ?? 30);
const child = fileURLToPath(new URL('guard-peer.mjs', import.meta.url));
const directory = mkdtempSync(join(tmpdir(), 'bgw-bench-'));
const env = plainEnv({ XDG_RUNTIME_DIR: directory });

interface Told {
  readonly is: string;
  readonly at: number;
  readonly ms?: number;
}

/** A process of bench/guard-peer.mjs; each line it prints is one thing that happened, with its time on the epoch's scale. */
class Peer {
  private readonly told: Told[] = [];
  private wake: () => void = () => undefined;
  private constructor(readonly child: ChildProcess) {
    let rest = '';
    child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      const lines = (rest + text).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines.filter((one) => one.startsWith('{'))) this.told.push(JSON.parse(line) as Told);
      this.wake();
    });
  }
  static start(key: string): Peer {
    return new Peer(spawn(process.execPath, [child, key], { env, stdio: ['pipe', 'pipe', 'inherit'] }));
  }
  async tells(is: string, times = 1): Promise<Told> {
    for (;;) {
      const found = this.told.filter((one) => one.is === is)[times - 1];
      if (found) return found;
      await new Promise<void>((resolve) => (this.wake = resolve));
    }
  }
  go(): void {
    this.child.stdin?.write('go\n');
  }
  async kill(): Promise<number> {
    const at = performance.timeOrigin + performance.now();
    const exit = once(this.child, 'exit');
    this.child.kill('SIGKILL');
    await exit;
    return at;
  }
}

async function bareConnect(): Promise<number> {
  const path = `\0bgw-bench-${createHash('sha256').update(directory).digest('hex')}`.padEnd(108, '.');
  const server = createServer((socket) => socket.end()).listen({ path });
  await once(server, 'listening');
  const begun = performance.now();
  const socket = connect({ path });
  await once(socket, 'connect');
  const ms = performance.now() - begun;
  socket.destroy();
  server.close();
  return ms;
}

const results = { bare: [], free: [], handOver: [], takeover: [] } as Record<string, number[]>;
for (let round = 0; round < ROUNDS; round++) {
  results['bare']!.push(await bareConnect());
  const key = `bench-${process.pid}-${round}`;
  const old = Peer.start(key);
  await old.tells('booted');
  old.go();
  results['free']!.push((await old.tells('started')).ms ?? 0);

  const young = Peer.start(key);
  await young.tells('booted');
  young.go();
  results['handOver']!.push((await young.tells('started')).at - (await old.tells('stopped')).at);

  const third = Peer.start(key);
  await third.tells('booted');
  // The newcomer waits for a stopped holder, which is then killed.
  young.child.kill('SIGSTOP');
  third.go();
  await third.tells('asking');
  results['takeover']!.push(-(await young.kill()) + (await third.tells('started')).at);
  await third.kill();
  await old.kill();
}
rmSync(directory, { recursive: true });

const at = (sorted: readonly number[], share: number): string =>
  (sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0).toFixed(2).padStart(8);
const rows: readonly [string, string, string][] = [
  ['bare', 'bare connect to an abstract socket', ''],
  ['free', 'start with nothing to take over', '5'],
  ['handOver', "hand-over, after the old body's drain", '10'],
  ['takeover', 'takeover after kill -9 of the holder', '10'],
];
console.log(`\n${ROUNDS} rounds, Node ${process.versions.node}, milliseconds\n`);
console.log(
  `| ${'what'.padEnd(38)} | ${'median'.padStart(8)} | ${'p90'.padStart(8)} | ${'worst'.padStart(8)} | goal (median) |`,
);
console.log(`|${'-'.repeat(40)}|${'-'.repeat(10)}|${'-'.repeat(10)}|${'-'.repeat(10)}|---------------|`);
for (const [name, what, goal] of rows) {
  const sorted = [...(results[name] ?? [])].sort((a, b) => a - b);
  console.log(
    `| ${what.padEnd(38)} | ${at(sorted, 0.5)} | ${at(sorted, 0.9)} | ${at(sorted, 1)} | ${goal.padStart(13)} |`,
  );
}
