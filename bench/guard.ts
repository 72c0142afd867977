import { spawn, type ChildProcess } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { plainEnv } from '../test/support/plain-env.js';
import { atMost, machine, median, quantile, table } from './figures.js';

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

/** Absolute figures move threefold between machines: what counts is how many bare connects of the same run it takes. */
const rows = [
  ['bare', 'bare connect to an abstract socket', undefined],
  ['free', 'start with nothing to take over', 15],
  ['handOver', "hand-over, after the old body's drain", 15],
  ['takeover', 'takeover after kill -9 of the holder', 30],
] as const;
const of = (name: string): readonly number[] => results[name] ?? [];
const inConnects = (name: string): number => median(of(name)) / median(of('bare'));

console.log(`\n${ROUNDS} rounds, Node ${process.versions.node}, ${machine()}, milliseconds`);
table(
  ['what', 'median', 'p90', 'worst', 'bare connects', 'goal'],
  rows.map(([name, what, goal]) => [
    what,
    ...[0.5, 0.9, 1].map((share) => quantile(of(name), share).toFixed(2)),
    inConnects(name).toFixed(1),
    String(goal ?? ''),
  ]),
);
console.log();
for (const [name, what, goal] of rows)
  if (goal !== undefined) atMost(goal, `${what}, in bare connects`, inConnects(name), 1);
