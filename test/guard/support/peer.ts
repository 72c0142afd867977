import { createHash, createHmac, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { appKey } from '../../../lib/guard/guard-key.js';
import { userDirectory, userSecret } from '../../../lib/endpoint/user-secret.js';
import { FIXTURES } from './running.js';

const ROOT = join(import.meta.dirname, '../../..');

/** What the guard of test/fixtures/guard-app makes of a `guard.key`. */
export const keyOfFixture = (key: string): string =>
  appKey(
    { argv: ['node', `${FIXTURES}guard-app.js`], cwd: ROOT, env: {}, commandLine: () => [] },
    { rootModule: 'AppModule', workers: ['job'], key },
  );

/** Written down a second time: the name of the endpoint and the first lines are frozen for all versions. */
export const addressOf = (key: string): string =>
  `\0nestjs-background-worker-${createHash('sha256').update(key).digest('hex')}`.padEnd(108, '.');

export function secretOf(key: string, runtime: string): Buffer {
  const user = userSecret(userDirectory({ XDG_RUNTIME_DIR: runtime }));
  return createHmac('sha256', user).update(key).digest();
}

const mac = (key: Buffer, ...parts: readonly string[]): string =>
  createHmac('sha256', key).update(parts.join('\n')).digest('hex');
const nonceOf = (): string => randomBytes(32).toString('hex');
const bound = (holder: string, newcomer: string, theirs: unknown, mine: unknown): string[] => [
  holder,
  newcomer,
  JSON.stringify([theirs, mine]),
];

export type Said = Record<string, unknown>;

/** One end of a connection that speaks the protocol by the test's script. */
export class Wire {
  private readonly lines: string[] = [];
  private over = false;
  private wake: () => void = () => undefined;
  key: Buffer = Buffer.alloc(0);
  sent = 0;

  constructor(
    readonly socket: Socket,
    private readonly role: 'holder' | 'newcomer',
  ) {
    socket.on('error', () => undefined);
    socket.once('close', () => {
      this.over = true;
      this.wake();
    });
    createInterface({ input: socket })
      .on('error', () => undefined)
      .on('line', (line) => {
        this.lines.push(line);
        this.wake();
      });
  }

  /** @returns undefined once it has ended */
  async line(): Promise<string | undefined> {
    while (this.lines.length === 0 && !this.over) await new Promise<void>((resolve) => (this.wake = resolve));
    return this.lines.shift();
  }

  async json(): Promise<Said | undefined> {
    const line = await this.line();
    return line === undefined ? undefined : (JSON.parse(line) as Said);
  }

  raw(text: string): void {
    this.socket.write(text);
  }

  send(message: Said): void {
    const body = JSON.stringify(message);
    this.raw(`${mac(this.key, this.role, String(this.sent++), body)} ${body}\n`);
  }

  async message(): Promise<Said | undefined> {
    const line = await this.line();
    return line === undefined ? undefined : (JSON.parse(line.slice(65)) as Said);
  }

  /** Until the other side has ended it. */
  async ended(): Promise<void> {
    while ((await this.line()) !== undefined);
  }

  /** As the newcomer. @returns whether the holder proved itself */
  async approach(secret: Buffer, versions: unknown = [1, 1]): Promise<boolean> {
    const hello = await this.json();
    if (!hello) return false;
    const theirs = String(hello['nonce']);
    const nonce = nonceOf();
    const said = bound(theirs, nonce, hello['bgw'], versions);
    this.raw(`${JSON.stringify({ bgw: versions, nonce, proof: mac(secret, 'newcomer', ...said) })}\n`);
    const answer = await this.json();
    this.key = Buffer.from(mac(secret, 'session', theirs, nonce), 'hex');
    return answer?.['proof'] === mac(secret, 'holder', ...said);
  }

  /** As the holder. @returns whether the newcomer proved itself */
  async admit(secret: Buffer, versions: unknown = [1, 1]): Promise<boolean> {
    const nonce = nonceOf();
    this.raw(`${JSON.stringify({ bgw: versions, nonce })}\n`);
    const hello = await this.json();
    if (!hello) return false;
    const theirs = String(hello['nonce']);
    const said = bound(nonce, theirs, versions, hello['bgw']);
    if (hello['proof'] !== mac(secret, 'newcomer', ...said)) return false;
    this.raw(`${JSON.stringify({ proof: mac(secret, 'holder', ...said) })}\n`);
    this.key = Buffer.from(mac(secret, 'session', nonce, theirs), 'hex');
    return true;
  }

  die(): void {
    this.socket.destroy();
  }
}

export async function dial(key: string): Promise<Wire> {
  const socket = connect({ path: addressOf(key) });
  const wire = new Wire(socket, 'newcomer');
  await once(socket, 'connect');
  return wire;
}

/** Holds the name of an app from within the test. */
export class FakeHolder {
  private readonly wires: Wire[] = [];
  private wake: () => void = () => undefined;
  readonly all: Wire[] = [];

  private constructor(private readonly server: Server) {
    server.on('connection', (socket) => {
      const wire = new Wire(socket, 'holder');
      this.wires.push(wire);
      this.all.push(wire);
      this.wake();
    });
  }

  static async hold(key: string): Promise<FakeHolder> {
    const server = createServer();
    const holder = new FakeHolder(server);
    server.listen({ path: addressOf(key), exclusive: true });
    await once(server, 'listening');
    return holder;
  }

  async asked(): Promise<Wire> {
    for (;;) {
      const wire = this.wires.shift();
      if (wire) return wire;
      await new Promise<void>((resolve) => (this.wake = resolve));
    }
  }

  /** Until somebody asks for the workers; who only looks is told that nothing closes. */
  async askedBy(secret: Buffer): Promise<{ readonly one: Wire; readonly ask: Said | undefined }> {
    for (;;) {
      const one = await this.asked();
      if (!(await one.admit(secret))) continue;
      const ask = await one.message();
      if (ask?.['type'] !== 'look') return { one, ask };
      one.send({ type: 'open', pid: 1 });
    }
  }

  /** Does this to whoever comes. */
  async always(act: (one: Wire) => Promise<unknown>): Promise<never> {
    for (;;) await act(await this.asked());
  }

  free(): void {
    this.server.close();
  }

  /** As the kernel does it. */
  die(): void {
    this.free();
    for (const wire of this.all) wire.die();
  }
}
