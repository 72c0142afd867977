import { appendFileSync, chmodSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach } from 'vitest';
import type { GuardOptions } from '../../../lib/index.js';
import { overlapsIn } from './overlaps.js';
import { addressOf, keyOfFixture } from './peer.js';
import { Running, type How } from './running.js';
import type { GuardAppInput } from '../../fixtures/guard-app.js';

const rooms = new Set<Room>();
let numbers = 0;

afterEach(async () => {
  for (const room of rooms) await room.close();
  rooms.clear();
});

/** One test's own runtime directory, journal and key: what processes of other tests do does not reach it. */
export class Room {
  readonly directory = mkdtempSync(join(tmpdir(), 'bgw-guard-'));
  readonly journal = join(this.directory, 'journal');
  readonly key = `${process.pid}-${++numbers}`;
  readonly env = { XDG_RUNTIME_DIR: this.directory };
  private readonly running: Running[] = [];

  constructor() {
    chmodSync(this.directory, 0o700);
    appendFileSync(this.journal, '');
    rooms.add(this);
  }

  input(guard: GuardOptions = {}, more: Partial<GuardAppInput> = {}): GuardAppInput {
    return { journal: this.journal, guard: { mode: 'on', key: this.key, ...guard }, ...more };
  }

  app(guard?: GuardOptions, more?: Partial<GuardAppInput>, how?: How): Running {
    const app = Running.start(this.input(guard, more), this.env, how);
    this.running.push(app);
    return app;
  }

  /** An app as an argument of another program. */
  within(wrapper: readonly string[], runtime = this.directory): Running {
    const app = Running.within(wrapper, this.input(), { ...this.env, XDG_RUNTIME_DIR: runtime });
    this.running.push(app);
    return app;
  }

  /** A program that has no app yet. */
  idle(how: How): Running {
    const app = Running.start(undefined, this.env, how);
    this.running.push(app);
    return app;
  }

  /** An app whose body runs. */
  async live(guard?: GuardOptions, more?: Partial<GuardAppInput>, how?: How): Promise<Running> {
    const app = this.app(guard, more, how);
    await app.prints('>> UP');
    await this.starts(app);
    return app;
  }

  get lines(): readonly string[] {
    return readFileSync(this.journal, 'utf8').split('\n').filter(Boolean);
  }

  /** Lines that begin with these words. */
  count(words: string): number {
    return this.lines.filter((line) => `${line} `.startsWith(`${words} `)).length;
  }

  /** Waits for the app's body to start, for the nth time. */
  async starts(app: Running, times = 1): Promise<void> {
    await app.pid();
    await this.until(app, () => this.count(`start ${app.known}`) >= times, `a body starts (${times})`);
  }

  /** Waits until the name's holder has this many connections, accepted or not. */
  async connected(app: Running, count = 1): Promise<void> {
    const name = `@${addressOf(this.appKey).slice(1)}`;
    const open = (): number =>
      readFileSync('/proc/net/unix', 'utf8')
        .split('\n')
        .filter((line) => line.endsWith(name) && / 0[23] +\d+ @/.test(line)).length;
    await this.until(app, () => open() >= count, `${count} connections to the endpoint`);
  }

  async until(app: Running, reached: () => boolean, what: string, ms?: number): Promise<void> {
    await app.until(reached, what, ms, () => `journal:\n${this.lines.join('\n')}`);
  }

  /** Kills with -9, and says so in the journal first: such a process cannot. */
  async kill(app: Running): Promise<void> {
    appendFileSync(this.journal, `exit ${await app.pid()} killed\n`);
    process.kill(await app.pid(), 'SIGKILL');
    await app.gone();
  }

  /** Where a body started while another lived. */
  get overlaps(): readonly string[] {
    return overlapsIn(this.lines);
  }

  /** The endpoint's name and its secret, as the fixture's guard has them. */
  get appKey(): string {
    return keyOfFixture(this.key);
  }

  async close(): Promise<void> {
    await Promise.all(this.running.map((one) => one.end()));
    rmSync(this.directory, { recursive: true, force: true });
  }
}

/** A port that was free a moment ago. */
export function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => resolve(port));
    });
  });
}
