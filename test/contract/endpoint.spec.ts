import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import type { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import {
  abstractSocket,
  endpointOf,
  loopback,
  namedPipe,
  type Endpoint,
  type Held,
} from '../../lib/endpoint/endpoint.js';
import { FIXTURES, until } from '../guard/support/running.js';
import { plainEnv } from '../support/plain-env.js';

const ENDPOINTS: readonly [string, (name: string) => Endpoint, boolean][] = [
  ['abstract', abstractSocket, process.platform === 'linux'],
  ['loopback', loopback, true],
  ['pipe', namedPipe, process.platform === 'win32'],
];
const ROUNDS = 200;

const closing: (() => Promise<unknown> | void)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

let names = 0;
const fresh = (): string => `contract-${process.pid}-${process.hrtime.bigint()}-${++names}`;
const holds = async (
  endpoint: Endpoint,
  onConnection: (socket: Socket) => void = () => undefined,
): Promise<Held | undefined> => {
  const held = await endpoint.hold(onConnection);
  closing.push(() => held?.release());
  return held;
};

class Racers {
  readonly directory = mkdtempSync(join(tmpdir(), 'bgw-race-'));
  readonly children: ChildProcess[];

  constructor(kind: string, name: string, count: number, rounds = 1, mode = '') {
    const args = [`${FIXTURES}guard-race.js`, kind, name, this.directory, String(rounds), mode];
    this.children = Array.from({ length: count }, () =>
      spawn(process.execPath, args, { env: plainEnv(), stdio: ['ignore', 'ignore', 'inherit'] }),
    );
    closing.push(() => this.end());
  }

  lines(file: string): string[] {
    const path = join(this.directory, file);
    return existsSync(path) ? readFileSync(path, 'utf8').split('\n').filter(Boolean) : [];
  }

  async round(round: number, racers: number): Promise<string[]> {
    const of = (line: string): boolean => line.split(' ')[0] === String(round);
    await until(() => this.lines('ready').filter(of).length === racers, `all are ready (${round})`);
    writeFileSync(join(this.directory, 'go'), String(round));
    await until(() => this.lines('result').filter(of).length === racers, `all have tried (${round})`);
    const won = this.lines('result').filter((line) => of(line) && line.endsWith('won'));
    return won.map((line) => line.split(' ')[1] ?? '');
  }

  done(round: number): void {
    writeFileSync(join(this.directory, 'done'), String(round));
  }

  private async end(): Promise<void> {
    await Promise.all(
      this.children.map(async (child) => {
        if (child.exitCode !== null || child.signalCode !== null) return;
        child.kill('SIGTERM');
        await once(child, 'exit');
      }),
    );
    rmSync(this.directory, { recursive: true, force: true });
  }
}

for (const [kind, make, runs] of ENDPOINTS) {
  describe.skipIf(!runs)(`Endpoint: ${kind}`, () => {
    it('has one holder at a time', async () => {
      const name = fresh();
      const first = await holds(make(name));
      expect(first).toBeDefined();
      expect(await holds(make(name))).toBeUndefined();
      expect(await holds(make(name))).toBeUndefined();
      expect(await holds(make(fresh()))).toBeDefined();
    });

    it('reaches nobody where it is free, and its holder where it is not', async () => {
      const endpoint = make(fresh());
      expect(await endpoint.reach()).toBeUndefined();
      await holds(endpoint, (socket) => socket.end('hello'));
      const socket = await endpoint.reach();
      expect(String((await once(socket!, 'data'))[0])).toBe('hello');
      socket!.destroy();
    });

    it('is free as soon as release() returns, and connections go on', async () => {
      const endpoint = make(fresh());
      let accepted: Socket | undefined;
      const first = await holds(endpoint, (socket) => (accepted = socket));
      const socket = await endpoint.reach();
      await until(() => accepted !== undefined, 'it is accepted');
      first!.release();
      expect(await holds(endpoint)).toBeDefined();
      accepted!.end('still here');
      expect(String((await once(socket!, 'data'))[0])).toBe('still here');
      socket!.destroy();
    });

    it('is freed by kill -9 of its holder', async () => {
      const name = fresh();
      const racers = new Racers(kind, name, 1);
      expect(await racers.round(1, 1)).toHaveLength(1);
      const endpoint = make(`${name}-1`);
      expect(await holds(endpoint)).toBeUndefined();
      racers.children[0]!.kill('SIGKILL');
      await once(racers.children[0]!, 'exit');
      expect(await endpoint.reach()).toBeUndefined();
      expect(await holds(endpoint)).toBeDefined();
    });

    it('has one holder among the workers of a cluster', async () => {
      const racers = new Racers(kind, fresh(), 1, 1, 'cluster');
      expect(await racers.round(1, 3)).toHaveLength(1);
    });

    it(`has exactly one winner in each of ${ROUNDS} races of 8 processes`, { timeout: 60_000 }, async () => {
      const name = fresh();
      const racers = new Racers(kind, name, 8, ROUNDS);
      const winners: number[] = [];
      for (let round = 1; round <= ROUNDS; round++) {
        const won = (await racers.round(round, 8)).length;
        racers.done(round);
        winners.push(won === 0 && (await isForeign(make(`${name}-${round}`))) ? 1 : won);
      }
      expect(winners).toEqual(Array.from({ length: ROUNDS }, () => 1));
    });
  });
}

/** A port of loopback may be another program's, which no racer can win: with no winner, who answers there is none of them. */
async function isForeign(endpoint: Endpoint): Promise<boolean> {
  const socket = await endpoint.reach();
  socket?.destroy();
  return socket !== undefined;
}

it('each platform has one of them', () => {
  const holder = (endpoint: Endpoint): string => JSON.stringify(endpoint);
  expect(holder(endpointOf('a', 'linux'))).toBe(holder(abstractSocket('a')));
  expect(holder(endpointOf('a', 'win32'))).toBe(holder(namedPipe('a')));
  expect(holder(endpointOf('a', 'darwin'))).toBe(holder(loopback('a')));
});

it('an abstract name is exactly 108 bytes, and a port is below those that systems draw', () => {
  const { address } = abstractSocket('a') as unknown as { address: { path: string } };
  expect(Buffer.byteLength(address.path)).toBe(108);
  for (let at = 0; at < 2_000; at++) {
    const { port } = (loopback(`a${at}`) as unknown as { address: { port: number } }).address;
    expect(port).toBeGreaterThanOrEqual(20_000);
    expect(port).toBeLessThan(32_768);
  }
});
