import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import type { Socket } from 'node:net';
import type { Clock } from '../shared/clock.js';
import { Lines } from './lines.js';

export type Message = Readonly<Record<string, unknown>>;
export type Role = 'holder' | 'newcomer';

/** The versions of the protocol that this copy speaks: the least and the newest. The first lines are frozen for all versions. */
export const VERSIONS: readonly [number, number] = [1, 1];

/** A nonce, or a proof. */
const HEX = /^[0-9a-f]{64}$/;

const mac = (key: Buffer, ...parts: readonly string[]): string =>
  createHmac('sha256', key).update(parts.join('\n')).digest('hex');
/** Only hex is compared: of other text the length in bytes is not the length in characters, and comparing would throw. */
const isHex = (value: unknown): value is string => typeof value === 'string' && HEX.test(value);
const same = (a: string, b: unknown): boolean => isHex(b) && timingSafeEqual(Buffer.from(a), Buffer.from(b));

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

  /** Ends the connection once what was sent has gone out. */
  finish(): void {
    this.socket.destroySoon();
  }

  end(): void {
    this.socket.destroy();
  }
}

/**
 * Why there is no channel: the other side went away, said nothing in time, proved nothing, took our proof for none, or speaks no common
 * version.
 */
export type Refusal = 'gone' | 'silent' | 'unproven' | 'refused' | 'other-version';

/** What the other side may know. A newcomer proves that it knows the first; the next ones are read only where that is none. */
export type Secrets = () => Iterable<Buffer>;

/**
 * Both sides prove by HMAC over both nonces that they know the secret, before anything else is said.
 * Takes at most `timeout` milliseconds.
 */
export async function openChannel(
  socket: Socket,
  role: Role,
  secrets: Secrets,
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
  const result = role === 'holder' ? await admit(socket, lines, secrets) : await approach(socket, lines, secrets);
  limit.cancel();
  if (typeof result === 'string') socket.destroy();
  return (result === 'gone' || result === 'refused') && silent ? 'silent' : result;
}

/** What both proofs are about: both nonces, and the versions as each side has received them. */
const proven = (nonces: readonly [holder: string, newcomer: string], holder: unknown, newcomer: unknown): string[] => [
  ...nonces,
  JSON.stringify([holder ?? null, newcomer ?? null]),
];

async function admit(socket: Socket, lines: Lines, secrets: Secrets): Promise<Channel | Refusal> {
  const nonce = randomBytes(32).toString('hex');
  socket.write(`${JSON.stringify({ bgw: VERSIONS, nonce })}\n`);
  const line = await lines.next();
  if (line === undefined) return 'gone';
  const { bgw, nonce: other, proof } = parse(line);
  if (!isHex(other)) return 'unproven';
  const said = proven([nonce, other], VERSIONS, bgw);
  const secret = isHex(proof) ? find(secrets(), (one) => same(mac(one, 'newcomer', ...said), proof)) : undefined;
  if (!secret) return 'unproven';
  socket.write(`${JSON.stringify({ proof: mac(secret, 'holder', ...said) })}\n`);
  return speaks(bgw) ? new Channel(socket, lines, sessionKey(secret, nonce, other), 'holder') : 'other-version';
}

async function approach(socket: Socket, lines: Lines, secrets: Secrets): Promise<Channel | Refusal> {
  const hello = await lines.next();
  const secret = find(secrets(), () => true);
  if (hello === undefined || !secret) return 'gone';
  const { bgw, nonce: other } = parse(hello);
  if (!isHex(other)) return 'unproven';
  const nonce = randomBytes(32).toString('hex');
  const said = proven([other, nonce], bgw, VERSIONS);
  socket.write(`${JSON.stringify({ bgw: VERSIONS, nonce, proof: mac(secret, 'newcomer', ...said) })}\n`);
  const answer = await lines.next();
  if (answer === undefined) return 'refused';
  const { proof } = parse(answer);
  if (!same(mac(secret, 'holder', ...said), proof)) return 'unproven';
  return speaks(bgw) ? new Channel(socket, lines, sessionKey(secret, other, nonce), 'newcomer') : 'other-version';
}

/** The first, and no more than that is read. */
function find(secrets: Iterable<Buffer>, fits: (secret: Buffer) => boolean): Buffer | undefined {
  for (const secret of secrets) if (fits(secret)) return secret;
  return undefined;
}

const sessionKey = (secret: Buffer, holder: string, newcomer: string): Buffer =>
  Buffer.from(mac(secret, 'session', holder, newcomer), 'hex');

function speaks(theirs: unknown): boolean {
  if (!Array.isArray(theirs) || !theirs.every((one) => typeof one === 'number')) return false;
  const [least = 0, newest = 0] = theirs;
  return least <= VERSIONS[1] && newest >= VERSIONS[0];
}
