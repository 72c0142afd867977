import * as fc from 'fast-check';
import { execFileSync, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import {
  chmodSync,
  chownSync,
  existsSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect, type Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openChannel, type Channel, type Refusal } from '../../lib/endpoint/channel.js';
import { abstractSocket, type Held } from '../../lib/endpoint/endpoint.js';
import { userDirectory, userSecret } from '../../lib/endpoint/user-secret.js';
import { SystemClock } from '../../lib/shared/clock.js';
import { FakeHolder, Wire, addressOf, dial, secretOf } from './support/peer.js';
import { Room } from './support/room.js';

const clock = new SystemClock();
const secret = randomBytes(32);
const isRoot = process.getuid?.() === 0;
let name = '';
let held: Held;
let admitted: Promise<Channel | Refusal>[] = [];
const open: { destroy(): void }[] = [];

beforeEach(async () => {
  name = `channel-${process.pid}-${process.hrtime.bigint()}`;
  admitted = [];
  held = (await abstractSocket(name).hold((socket) => {
    open.push(socket);
    admitted.push(openChannel(socket, 'holder', () => [secret], clock, 400));
  }))!;
});
afterEach(() => {
  held.release();
  for (const one of open.splice(0)) one.destroy();
});

const reach = async (): Promise<Socket> => {
  const socket = (await abstractSocket(name).reach())!;
  open.push(socket);
  return socket;
};
const wire = async (): Promise<Wire> => new Wire(await reach(), 'newcomer');

describe('both sides', () => {
  it('prove themselves, and then speak', async () => {
    const newcomer = (await openChannel(await reach(), 'newcomer', () => [secret], clock, 1_000)) as Channel;
    const holder = (await admitted[0]) as Channel;
    newcomer.send({ type: 'ask', n: 1 });
    newcomer.send({ n: 'é' });
    holder.send({ type: 'kept' });
    expect(await holder.next()).toEqual({ type: 'ask', n: 1 });
    expect(await holder.next()).toEqual({ n: 'é' });
    expect(await newcomer.next()).toEqual({ type: 'kept' });
    newcomer.end();
    expect(await holder.next()).toBeUndefined();
  });

  it('refuse another secret', async () => {
    expect(await openChannel(await reach(), 'newcomer', () => [randomBytes(32)], clock, 1_000)).toBe('refused');
    expect(await admitted[0]).toBe('unproven');
  });

  it('speak the protocol that is written down in the test', async () => {
    const one = await wire();
    expect(await one.approach(secret)).toBe(true);
    one.send({ hello: true });
    expect(await ((await admitted[0]) as Channel).next()).toEqual({ hello: true });
  });
});

describe('a peer of the holder', () => {
  it('that says nothing is dropped in time and has learned a nonce', async () => {
    const one = await wire();
    expect(Object.keys((await one.json())!)).toEqual(['bgw', 'nonce']);
    expect(await one.line()).toBeUndefined();
    expect(await admitted[0]).toBe('silent');
  });

  it('that fails the proof is told nothing more', async () => {
    const one = await wire();
    expect(await one.approach(randomBytes(32))).toBe(false);
    expect(await one.line()).toBeUndefined();
    expect(await admitted[0]).toBe('unproven');
  });

  it('whose proof is as long in characters, but not in bytes, does no harm', async () => {
    const one = await wire();
    await one.json();
    one.raw(`${JSON.stringify({ bgw: [1, 1], nonce: 'a'.repeat(64), proof: 'é'.repeat(64) })}\n`);
    expect(await one.line()).toBeUndefined();
    expect(await admitted[0]).toBe('unproven');
  });

  it.each([[1], [9_000], [100_000]])('that sends a line of %d characters', async (length) => {
    const one = await wire();
    one.raw(`${'x'.repeat(length)}\n`);
    await one.ended();
    expect(await admitted[0]).toMatch(/gone|unproven/);
  });

  it('that floods', async () => {
    const one = await wire();
    const end = new Promise((resolve) => one.socket.once('close', resolve));
    for (let at = 0; at < 2_000 && !one.socket.destroyed; at++) one.raw('{}\n'.repeat(100));
    await end;
    expect(await admitted[0]).toMatch(/gone|unproven/);
  });

  it('that opens a thousand connections', async () => {
    const sockets = await Promise.all(Array.from({ length: 1_000 }, () => reach().catch(() => undefined)));
    expect(admitted.length).toBeLessThanOrEqual(64);
    for (const socket of sockets) socket?.destroy();
    await Promise.all(admitted);
    // The server counts a connection until it has closed, a moment later.
    let got: Channel | Refusal = 'gone';
    for (let tries = 0; got === 'gone' && tries < 100; tries++)
      got = await openChannel(await reach(), 'newcomer', () => [secret], clock, 1_000);
    expect(typeof got).toBe('object');
  });

  it('that dies half-way', async () => {
    const one = await wire();
    await one.json();
    one.raw('{"bgw":[1,');
    one.die();
    expect(await admitted[0]).toBe('gone');
  });

  it('that replays an old session', async () => {
    const first = new Wire(await reach(), 'newcomer');
    const said: string[] = [];
    const raw = first.raw.bind(first);
    first.raw = (text) => {
      said.push(text);
      raw(text);
    };
    expect(await first.approach(secret)).toBe(true);
    first.send({ type: 'ask', pid: 1, entry: '', born: 1 });
    const again = await wire();
    await again.json();
    for (const text of said) again.raw(text);
    expect(await again.line()).toBeUndefined();
    expect(await admitted[1]).toBe('unproven');
  });

  it('that changes, repeats or reorders a message', async () => {
    for (const spoil of [
      (lines: string[]): string[] => [lines[0]!.replace('"n":0', '"n":9')],
      (lines: string[]): string[] => [lines[0]!, lines[0]!],
      (lines: string[]): string[] => [lines[1]!, lines[0]!],
      (): string[] => [`${'é'.repeat(64)} {}\n`],
    ]) {
      const one = await wire();
      expect(await one.approach(secret)).toBe(true);
      const holder = (await admitted.at(-1)!) as Channel;
      const lines: string[] = [];
      const raw = one.raw.bind(one);
      one.raw = (text) => void lines.push(text);
      one.send({ n: 0 });
      one.send({ n: 1 });
      for (const line of spoil(lines)) raw(line);
      const heard = [await holder.next(), await holder.next()];
      expect(heard).toContain(undefined);
      expect(heard).not.toContainEqual({ n: 9 });
      expect(heard.filter(Boolean).length).toBeLessThan(2);
    }
  });

  it('that sends anything at all (fuzz)', { timeout: 60_000 }, async () => {
    const text = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.json(),
      fc
        .record({
          bgw: fc.anything(),
          nonce: fc.oneof(fc.constant('a'.repeat(64)), fc.string()),
          proof: fc.string({ unit: 'binary', minLength: 64, maxLength: 64 }),
        })
        .map((value) => JSON.stringify(value)),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(text, { minLength: 1, maxLength: 4 }), async (lines) => {
        const before = admitted.length;
        const one = await wire();
        await one.json();
        for (const line of lines) one.raw(`${line}\n`);
        one.socket.end();
        const learned: string[] = [];
        for (let line = await one.line(); line !== undefined; line = await one.line()) learned.push(line);
        expect(learned).toEqual([]);
        expect(await admitted[before]).toMatch(/^(gone|unproven|silent)$/);
      }),
      { numRuns: 300 },
    );
  });
});

describe('a holder', () => {
  const fake = async (): Promise<FakeHolder> => {
    const holder = await FakeHolder.hold(name + '-fake');
    open.push({ destroy: () => holder.die() });
    return holder;
  };
  const approach = async (timeout = 400): Promise<Channel | Refusal> => {
    const socket = connect({ path: addressOf(name + '-fake') });
    open.push(socket);
    return await openChannel(socket, 'newcomer', () => [secret], clock, timeout);
  };

  it.each([
    ['says nothing', (): void => undefined, 'silent'],
    ['dies', (one: Wire): void => one.die(), 'gone'],
    ['sends garbage', (one: Wire): void => one.raw('\u0000\u0001garbage\n'), 'unproven'],
    ['sends a nonce that is none', (one: Wire): void => one.raw('{"bgw":[1,1],"nonce":"é"}\n'), 'unproven'],
    ['sends one endless line', (one: Wire): void => one.raw('x'.repeat(100_000)), 'gone'],
    ['has another secret', (one: Wire): void => void one.admit(randomBytes(32)), 'silent'],
    ['has refused the proof', (one: Wire): void => void one.admit(randomBytes(32)).then(() => one.die()), 'refused'],
  ] as const)('that %s is not obeyed', async (_, act, refusal) => {
    const holder = await fake();
    const result = approach();
    act(await holder.asked());
    expect(await result).toBe(refusal);
  });

  it('that sends back what it was sent', async () => {
    const holder = await fake();
    const result = approach();
    const one = await holder.asked();
    one.raw(`${JSON.stringify({ bgw: [1, 1], nonce: 'a'.repeat(64) })}\n`);
    one.raw(`${(await one.line())!}\n`);
    expect(await result).toBe('unproven');
  });

  it.each([
    ['older', [0, 0], 'other-version'],
    ['newer', [2, 3], 'other-version'],
    ['reaching back', [1, 7], 'channel'],
    ['nonsense', 'seven', 'other-version'],
  ])('of a version that is %s', async (_, versions, expected) => {
    const holder = await fake();
    const result = approach();
    expect(await (await holder.asked()).admit(secret, versions)).toBe(true);
    const got = await result;
    expect(typeof got === 'string' ? got : 'channel').toBe(expected);
  });

  it('whose versions were changed on the way proves nothing', async () => {
    const holder = await fake();
    const result = approach();
    const newcomer = await holder.asked();
    const real = await wire();
    const hello = (await real.json())!;
    newcomer.raw(`${JSON.stringify({ ...hello, bgw: [1, 9] })}\n`);
    real.raw(`${(await newcomer.line())!}\n`);
    expect(await real.line()).toBeUndefined();
    newcomer.die();
    expect(await result).toBe('refused');
    expect(await admitted[0]).toBe('unproven');
  });
});

describe('a relay to the holder of another app', () => {
  it('is not believed by either', async () => {
    const [one, two] = [new Room(), new Room()];
    Object.assign(two.env, one.env);
    const other = await two.live();
    const holder = await FakeHolder.hold(one.appKey);
    open.push({ destroy: () => holder.die() });
    const newcomer = one.app({ handoverTimeout: 1_000 });
    const left = await holder.asked();
    const right = connect({ path: addressOf(two.appKey) });
    open.push(right);
    left.socket.pipe(right).pipe(left.socket);
    right.on('error', () => undefined);
    await newcomer.prints('>> UP');
    expect(two.count('stop')).toBe(0);
    expect(other.said('LOG').join()).not.toContain('handed over');
    expect(one.count('start')).toBe(0);
  });
});

describe('another user', () => {
  const dialler = `
import socket, sys
s = socket.socket(socket.AF_UNIX); s.settimeout(4); s.connect(bytes.fromhex(sys.argv[1]).ljust(108, b'.'))
got = s.recv(4096); s.sendall(b'{"bgw":[1,1],"nonce":"' + b'a'*64 + b'","proof":"' + b'b'*64 + b'"}\\n')
more = s.recv(4096); print(len(got) > 0, len(more))`;

  it.runIf(isRoot)('connects, but is neither obeyed nor told anything, and cannot read the secret', async () => {
    const room = new Room();
    const app = await room.live();
    chmodSync(room.directory, 0o755);
    const as = ['--reuid=65534', '--regid=65534', '--clear-groups'];
    const address = Buffer.from(addressOf(room.appKey)).toString('hex');
    const said = execFileSync('setpriv', [...as, '/usr/bin/python3', '-c', dialler, address], { encoding: 'utf8' });
    expect(said.trim()).toBe('True 0');
    const cat = spawnSync('setpriv', [...as, 'cat', join(room.directory, 'nestjs-background-worker/secret')]);
    expect(cat.status).not.toBe(0);
    expect(room.count('stop')).toBe(0);
    expect(app.alive).toBe(true);
    await room.live();
    expect(room.overlaps).toEqual([]);
  });

  it('that holds the name first is not obeyed: the workers wait, with one warning', async () => {
    const room = new Room();
    const holder = await FakeHolder.hold(room.appKey);
    open.push({ destroy: () => holder.die() });
    const app = room.app({ handoverTimeout: 1_000 });
    void holder.always(async (one) => {
      await one.admit(randomBytes(32));
      one.raw(`${JSON.stringify({ proof: 'a'.repeat(64) })}\n`);
    });
    await app.prints('>> UP');
    await app.prints('did not prove that it belongs to this user: the workers wait');
    expect(app.times('did not prove')).toBe(1);
    expect(room.count('start')).toBe(0);
    holder.die();
    await room.starts(app);
  });
});

describe('the protocol by script', () => {
  const me = (pid: number, started: number): object => ({ type: 'ask', pid, entry: 'x', started });
  const young = me(2 ** 22, 1e15);

  for (const [when, steps] of [
    ['at once', 0],
    ['after the proof', 1],
    ['after it has asked', 2],
    ['after it was told that the workers stop', 3],
    ['after the release', 4],
  ] as const) {
    it(`a newcomer that dies ${when}: the holder keeps or takes back its workers, never two at once`, async () => {
      const room = new Room();
      const app = await room.live({}, { stops: 200 });
      const secret = secretOf(room.appKey, room.directory);
      const one = await dial(room.appKey);
      if (steps > 0) expect(await one.approach(secret)).toBe(true);
      if (steps > 1) one.send({ ...young });
      if (steps > 2) expect(await one.message()).toMatchObject({ type: 'draining', workers: ['job'], closing: false });
      if (steps > 3) expect(await one.message()).toMatchObject({ type: 'released', closing: false });
      one.die();
      if (steps > 1) await room.starts(app, 2);
      const next = await room.live();
      expect(next.alive).toBe(true);
      expect(room.overlaps).toEqual([]);
    });
  }

  const answers: readonly [string, readonly object[]][] = [
    ['has said nothing', []],
    ['drains', [{ type: 'draining', pid: 1, entry: 'x', workers: ['job'], closing: false }]],
    ['drains and closes', [{ type: 'draining', pid: 1, entry: 'x', workers: ['job'], closing: true }]],
    ['is stuck', [{ type: 'stuck', pid: 1, entry: 'x', workers: ['job'], closing: false }]],
    ['keeps', [{ type: 'kept', pid: 1, entry: 'x' }]],
    ['has released', [{ type: 'released', pid: 1, entry: 'x', ms: 1, closing: false }]],
    ['says what nobody understands', [{ type: 'later' }, { type: 'draining' }, {}]],
  ];
  it.each(answers)('a holder that dies when it %s: the newcomer takes over, and not before', async (_, said) => {
    const room = new Room();
    const secret = secretOf(room.appKey, room.directory);
    const holder = await FakeHolder.hold(room.appKey);
    open.push({ destroy: () => holder.die() });
    const app = room.app({ handoverTimeout: 700 });
    const { one, ask } = await holder.askedBy(secret);
    expect(ask).toMatchObject({ type: 'ask', pid: await app.pid() });
    for (const message of said) one.send({ ...message });
    await app.prints('>> UP');
    expect(room.count('start')).toBe(0);
    holder.die();
    await room.starts(app);
    expect(app.hasStackTrace).toBe(false);
  });

  it.each([
    ['older', [0, 0]],
    ['newer', [2, 5]],
  ])('a holder of an %s protocol: the workers wait', async (_, versions) => {
    const room = new Room();
    const secret = secretOf(room.appKey, room.directory);
    const holder = await FakeHolder.hold(room.appKey);
    open.push({ destroy: () => holder.die() });
    const app = room.app();
    void holder.always((one) => one.admit(secret, versions));
    await app.prints('speaks another protocol version');
    await app.prints('>> UP');
    expect(room.count('start')).toBe(0);
    holder.die();
    await room.starts(app);
  });

  it.each([
    ['older', [0, 0]],
    ['newer', [2, 5]],
  ])('a newcomer of an %s protocol gets nothing', async (_, versions) => {
    const room = new Room();
    await room.live();
    const one = await dial(room.appKey);
    expect(await one.approach(secretOf(room.appKey, room.directory), versions)).toBe(true);
    one.send({ ...young });
    await one.ended();
    expect(room.count('stop')).toBe(0);
  });

  it('an older process is told to wait', async () => {
    const room = new Room();
    const app = await room.live();
    const one = await dial(room.appKey);
    expect(await one.approach(secretOf(room.appKey, room.directory))).toBe(true);
    one.send({ ...me(1, 1) });
    expect(await one.message()).toMatchObject({ type: 'kept', pid: app.known });
    one.die();
    expect(room.count('stop')).toBe(0);
  });
});

describe('the secret', () => {
  let directory = '';
  beforeEach(() => (directory = mkdtempSync(join(tmpdir(), 'bgw-secret-'))));
  afterEach(() => rmSync(directory, { recursive: true }));
  const env = (): NodeJS.ProcessEnv => ({ XDG_RUNTIME_DIR: directory });
  const own = (): string => join(directory, 'nestjs-background-worker');

  it('is 32 bytes in a 0600 file in a 0700 directory, made once', () => {
    const path = userDirectory(env());
    expect(path).toBe(own());
    const made = userSecret(path);
    expect(made).toHaveLength(32);
    expect(userSecret(path)).toEqual(made);
    expect(statSync(path).mode & 0o777).toBe(0o700);
    expect(statSync(join(path, 'secret')).mode & 0o777).toBe(0o600);
  });

  it('is under tmpdir() where there is no XDG_RUNTIME_DIR, or it is not this user’s', () => {
    const fallback = join(tmpdir(), `nestjs-background-worker-${process.getuid?.() ?? 'user'}`);
    const was = existsSync(fallback);
    expect(userDirectory({})).toBe(fallback);
    expect(userDirectory({ XDG_RUNTIME_DIR: join(directory, 'absent') })).toBe(fallback);
    if (isRoot) {
      chownSync(directory, 65_534, 65_534);
      expect(userDirectory(env())).toBe(fallback);
      chownSync(directory, 0, 0);
    }
    if (!was) rmSync(fallback, { recursive: true });
  });

  it('is sought in a directory that was open to others once that is mended', () => {
    mkdirSync(own());
    chmodSync(own(), 0o755);
    expect(userDirectory(env())).toBe(own());
    expect(statSync(own()).mode & 0o777).toBe(0o700);
  });

  it.each([
    [
      'is a link',
      (): void => (mkdirSync(join(directory, 'real'), { mode: 0o700 }), symlinkSync(join(directory, 'real'), own())),
    ],
    ['is a file', (): void => writeFileSync(own(), '', { mode: 0o600 })],
  ])('is not sought in a directory that %s', (_, spoil) => {
    spoil();
    expect(() => userDirectory(env())).toThrow(/not a directory of this user|EEXIST/);
  });

  it.runIf(isRoot)('is not sought in a directory of another user’s', () => {
    mkdirSync(own(), { mode: 0o700 });
    chownSync(own(), 65_534, 65_534);
    expect(() => userDirectory(env())).toThrow('not a directory of this user');
  });

  it.each([
    ['others may read', (path: string): void => chmodSync(path, 0o644)],
    ['is too short', (path: string): void => writeFileSync(path, 'short')],
    ['is empty', (path: string): void => writeFileSync(path, '')],
  ])('is made anew where its file %s', (_, spoil) => {
    const path = userDirectory(env());
    const before = userSecret(path);
    spoil(join(path, 'secret'));
    const made = userSecret(path);
    expect(made).toHaveLength(32);
    expect(made).not.toEqual(before);
    expect(userSecret(path)).toEqual(made);
    expect(statSync(join(path, 'secret')).mode & 0o777).toBe(0o600);
  });

  const spoils: readonly (readonly [string, (path: string) => void])[] = [
    [
      'is a link',
      (path: string): void => (linkSync(path, `${path}-real`), rmSync(path), symlinkSync(`${path}-real`, path)),
    ],
    ['is a directory', (path: string): void => (rmSync(path), mkdirSync(path, { mode: 0o700 }))],
    ...(isRoot ? [['is another user’s', (path: string): void => chownSync(path, 65_534, 65_534)] as const] : []),
  ];
  it.each(spoils)('is refused where its file %s', (_, spoil) => {
    const path = userDirectory(env());
    userSecret(path);
    spoil(join(path, 'secret'));
    expect(() => userSecret(path)).toThrow('not a file of this user');
  });

  it('is one, whoever of several makes it first', async () => {
    const script = `import { userDirectory, userSecret } from ${JSON.stringify(join(process.env['BGW_FIXTURES']!, '../../lib/endpoint/user-secret.js'))};
      process.stdout.write(userSecret(userDirectory()).toString('hex'))`;
    const { execFile } = await import('node:child_process');
    const all = await Promise.all(
      Array.from(
        { length: 8 },
        () =>
          new Promise<string>((resolve, reject) =>
            execFile(
              process.execPath,
              ['--input-type=module', '-e', script],
              { env: { ...process.env, XDG_RUNTIME_DIR: directory } },
              (error, stdout) => (error ? reject(error) : resolve(stdout)),
            ),
          ),
      ),
    );
    expect(new Set(all).size).toBe(1);
    expect(all[0]).toBe(readFileSync(join(own(), 'secret')).toString('hex'));
  });

  it('that cannot be had stops no app: it boots, its workers wait, and one line says what to do', async () => {
    const room = new Room();
    const path = join(room.directory, 'nestjs-background-worker');
    mkdirSync(join(path, 'secret'), { recursive: true, mode: 0o700 });
    const app = room.app();
    await app.prints('>> UP');
    await app.prints('the guard cannot work');
    expect(app.said('ERROR')).toEqual([
      expect.stringMatching(
        /secret is not a file of this user; remove it; no worker starts here until it can\. .*guard: 'off'/,
      ),
    ]);
    expect(room.count('start')).toBe(0);
    rmSync(path, { recursive: true });
    await room.starts(app);
  });
});
