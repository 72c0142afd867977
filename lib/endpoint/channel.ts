import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import type { Socket } from 'node:net';
import type { Clock } from '../shared/clock.js';

export type Message = Readonly<Record<string, unknown>>;
export type Role = 'holder' | 'newcomer';

/** The versions of the protocol that this copy speaks: the least and the newest. The first lines are frozen for all versions. */
export const VERSIONS: readonly [number, number] = [1, 1];

const NONCE = /^[0-9a-f]{64}$/;
const MAX_LINE = 8_192;

const mac = (key: Buffer, ...parts: readonly string[]): string =>
  createHmac('sha256', key).update(parts.join('\n')).digest('hex');
const same = (a: string, b: unknown): boolean =>
  typeof b === 'string' && a.length === b.length && timingSafeEqual(Buffer.from(a), Buffer.from(b));

/** A line that is not what it should be ends the connection. */
class Lines {
  private buffered = '';
  private readonly queue: string[] = [];
  private taker: ((line: string | undefined) => void) | undefined;
  private over = false;

  constructor(private readonly socket: Socket) {
    socket.setEncoding('utf8');
    socket.on('error', () => undefined);
    socket.on('data', (chunk: string) => this.take(chunk));
    socket.on('close', () => this.end());
  }

  /** @returns undefined once the connection has ended */
  next(): Promise<string | undefined> {
    const line = this.queue.shift();
    if (line !== undefined || this.over) return Promise.resolve(line);
    return new Promise((resolve) => (this.taker = resolve));
  }

  private take(chunk: string): void {
    const lines = (this.buffered + chunk).split('\n');
    this.buffered = lines.pop() ?? '';
    if (this.buffered.length > MAX_LINE || this.queue.length + lines.length > 64) {
      this.socket.destroy();
      return;
    }
    for (const line of lines) {
      if (this.taker) this.give(line);
      else this.queue.push(line);
    }
  }

  private end(): void {
    this.over = true;
    this.give(undefined);
  }

  private give(line: string | undefined): void {
    const { taker } = this;
    this.taker = undefined;
    taker?.(line);
  }
}

function parse(line: string): Message {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === 'object' && value !== null ? (value as Message) : {};
  } catch {
    return {};
  }
}

/** A connection both of whose ends know the user's secret; every message proves it anew. */
export class Channel {
  private sent = 0;
  private received = 0;

  constructor(
    private readonly socket: Socket,
    private readonly lines: Lines,
    private readonly key: Buffer,
    private readonly role: Role,
  ) {}

  send(message: Message): void {
    const body = JSON.stringify(message);
    if (!this.socket.destroyed) this.socket.write(`${mac(this.key, this.role, String(this.sent++), body)} ${body}\n`);
  }

  /** @returns undefined once the connection has ended, or said something unproven */
  async next(): Promise<Message | undefined> {
    const line = await this.lines.next();
    if (line === undefined) return undefined;
    const body = line.slice(65);
    const other: Role = this.role === 'holder' ? 'newcomer' : 'holder';
    if (same(mac(this.key, other, String(this.received++), body), line.slice(0, 64))) return parse(body);
    this.end();
    return undefined;
  }

  end(): void {
    this.socket.destroy();
  }
}

/** Why there is no channel: the other side went away, said nothing in time, proved nothing, or speaks no common version. */
export type Refusal = 'gone' | 'silent' | 'unproven' | 'other-version';

/**
 * Both sides prove by HMAC over both nonces that they know the secret, before anything else is said.
 * Takes at most `timeout` milliseconds.
 */
export async function openChannel(
  socket: Socket,
  role: Role,
  secret: Buffer,
  clock: Clock,
  timeout: number,
): Promise<Channel | Refusal> {
  let silent = false;
  const limit = clock.after(
    timeout,
    () => {
      silent = true;
      socket.destroy();
    },
    { unref: true },
  );
  const lines = new Lines(socket);
  const result = role === 'holder' ? await admit(socket, lines, secret) : await approach(socket, lines, secret);
  limit.cancel();
  if (typeof result === 'string') socket.destroy();
  return result === 'gone' && silent ? 'silent' : result;
}

async function admit(socket: Socket, lines: Lines, secret: Buffer): Promise<Channel | Refusal> {
  const nonce = randomBytes(32).toString('hex');
  socket.write(`${JSON.stringify({ bgw: VERSIONS, nonce })}\n`);
  const line = await lines.next();
  if (line === undefined) return 'gone';
  const { bgw, nonce: other, proof } = parse(line);
  if (typeof other !== 'string' || !NONCE.test(other) || !same(mac(secret, 'newcomer', nonce, other), proof))
    return 'unproven';
  socket.write(`${JSON.stringify({ proof: mac(secret, 'holder', other, nonce) })}\n`);
  return speaks(bgw) ? new Channel(socket, lines, sessionKey(secret, nonce, other), 'holder') : 'other-version';
}

async function approach(socket: Socket, lines: Lines, secret: Buffer): Promise<Channel | Refusal> {
  const hello = await lines.next();
  if (hello === undefined) return 'gone';
  const { bgw, nonce: other } = parse(hello);
  if (typeof other !== 'string' || !NONCE.test(other)) return 'unproven';
  const nonce = randomBytes(32).toString('hex');
  socket.write(`${JSON.stringify({ bgw: VERSIONS, nonce, proof: mac(secret, 'newcomer', other, nonce) })}\n`);
  const answer = await lines.next();
  if (answer === undefined) return 'gone';
  const { proof } = parse(answer);
  if (!same(mac(secret, 'holder', nonce, other), proof)) return 'unproven';
  return speaks(bgw) ? new Channel(socket, lines, sessionKey(secret, other, nonce), 'newcomer') : 'other-version';
}

const sessionKey = (secret: Buffer, holder: string, newcomer: string): Buffer =>
  Buffer.from(mac(secret, 'session', holder, newcomer), 'hex');

function speaks(theirs: unknown): boolean {
  if (!Array.isArray(theirs) || !theirs.every((one) => typeof one === 'number')) return false;
  const [least = 0, newest = 0] = theirs;
  return least <= VERSIONS[1] && newest >= VERSIONS[0];
}
