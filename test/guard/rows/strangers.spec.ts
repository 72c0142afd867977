import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { once } from 'node:events';
import { createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { Room } from '../support/room.js';
import type { Running } from '../support/running.js';

const warnings = (app: Running): readonly string[] => app.said('WARN', 'ERROR');
const elsewhere = (room: Room): string => {
  const directory = mkdtempSync(join(room.directory, 'other-'));
  chmodSync(directory, 0o700);
  return directory;
};

/** Boots beside a holder that it cannot prove anything to, and measures against the boot of that holder. */
async function meets(room: Room, old: Running, began: number, booted: number): Promise<Running> {
  const begun = performance.now();
  const young = room.app();
  await young.prints('>> UP');
  const boot = performance.now() - begun;
  expect(boot).toBeLessThan(2 * (booted - began) + 2_000);
  await young.until(() => warnings(young).length > 0, 'a warning', 2_000 + (booted - began));
  expect(warnings(young)).toContainEqual(expect.stringMatching(new RegExp(String.raw`\bpid ${old.known}\b`)));
  return young;
}

describe('a holder that is not proved to be this user’s', () => {
  it('another XDG_RUNTIME_DIR: a warning that names it, few tries, and the workers come when it ends', async () => {
    const room = new Room();
    const began = performance.now();
    const old = await room.live();
    const booted = performance.now();
    Object.assign(room.env, { XDG_RUNTIME_DIR: elsewhere(room) });
    const young = await meets(room, old, began, booted);
    const [tries, since] = [old.times('>> CONNECTED'), performance.now()];
    await room.until(old, () => performance.now() - since > 3_000, 'three seconds');
    expect(old.times('>> CONNECTED') - tries).toBeLessThanOrEqual(4);
    expect(room.overlaps).toEqual([]);
    await room.kill(old);
    await room.starts(young);
  });

  it('the folder of the secret was cleaned away', async () => {
    const room = new Room();
    const began = performance.now();
    const old = await room.live();
    const booted = performance.now();
    rmSync(join(room.directory, 'nestjs-background-worker'), { recursive: true });
    const begun = performance.now();
    const young = room.app();
    await young.prints('>> UP');
    expect(performance.now() - begun).toBeLessThan(2 * (booted - began) + 2_000);
    // It is handed over where that can be proved, else the warning is there.
    await room.until(
      young,
      () => room.count(`start ${young.known}`) > 0 || warnings(young).length > 0,
      'either',
      5_000,
    );
    expect(room.overlaps).toEqual([]);
    await room.kill(old);
    await room.starts(young);
  });

  const namespaces = ['-U', '-c', '-p', '-f', '-m', '--mount-proc', '--kill-child'];
  const may = spawnSync('unshare', [...namespaces, 'true']).status === 0;
  if (!may) console.warn('SKIPPED: two namespaces that share the network; this machine allows no unshare');
  it.skipIf(!may)('two namespaces that share the network', async () => {
    const room = new Room();
    const began = performance.now();
    const old = await room.live();
    const booted = performance.now();
    const young = room.within(['unshare', ...namespaces], elsewhere(room));
    await young.prints('>> UP');
    await young.until(() => warnings(young).length > 0, 'a warning', 2_000 + (booted - began));
    expect(room.overlaps).toEqual([]);
    await room.kill(old);
    await young.until(() => room.lines.at(-1)?.startsWith(`start ${young.known} `) === true, 'it has the workers');
  });
});

describe('a foreign program on the endpoint', () => {
  const servers: Server[] = [];
  afterEach(() => servers.splice(0).forEach((server) => server.close()));

  it('no dead process is named, and no worker starts beside it without a word', async () => {
    const room = new Room();
    const old = await room.live();
    const names = endpointsOf(old.known);
    expect(names).not.toEqual([]);
    await room.kill(old);
    for (const path of names) {
      const server = createServer((socket) =>
        socket.on('error', () => undefined).end('HTTP/1.1 400 Bad Request\r\n\r\n'),
      );
      servers.push(server.listen({ path }));
      await once(server, 'listening');
    }
    const young = room.app();
    await young.prints('>> UP');
    await young.until(() => warnings(young).length > 0, 'a warning', 5_000);
    expect(warnings(young).join('\n')).not.toContain(String(old.known));
    expect(warnings(young)).toContainEqual(expect.stringMatching(/guard: 'off'|[A-Z_]{5,}=/));
  });
});

describe('a secret that is not as it should be', () => {
  const folder = (room: Room): string => join(room.directory, 'nestjs-background-worker');
  const cases: Record<string, (room: Room) => void> = {
    'a secret of mode 0644': (room) => {
      mkdirSync(folder(room), { mode: 0o700 });
      writeFileSync(join(folder(room), 'secret'), Buffer.alloc(32, 7));
      chmodSync(join(folder(room), 'secret'), 0o644);
    },
    'an empty secret': (room) => {
      mkdirSync(folder(room), { mode: 0o700 });
      writeFileSync(join(folder(room), 'secret'), '', { mode: 0o600 });
    },
    'a folder of mode 0755': (room) => {
      mkdirSync(folder(room));
      chmodSync(folder(room), 0o755);
    },
    'a secret that is a directory': (room) => mkdirSync(join(folder(room), 'secret'), { recursive: true, mode: 0o700 }),
  };
  for (const [what, prepare] of Object.entries(cases))
    it(`${what}: is mended, and the two meet`, async () => {
      const room = new Room();
      prepare(room);
      await room.live();
      await room.live();
      expect(room.overlaps).toEqual([]);
    });

  it('a file in the folder’s place: the error names it, and the way out', async () => {
    const room = new Room();
    writeFileSync(folder(room), 'not a folder');
    const app = room.app();
    await app.until(
      () => app.said('ERROR', 'WARN').length > 0 || room.count('start') > 0,
      'it says so, or has mended it',
    );
    if (room.count('start') === 0)
      expect(app.said('ERROR', 'WARN').join('\n')).toMatch(/nestjs-background-worker.*guard: 'off'/);
  });

  const readOnly = [
    '-r',
    '-m',
    '--kill-child',
    '-f',
    'sh',
    '-c',
    'mount -t tmpfs -o ro none "$XDG_RUNTIME_DIR" && exec "$0" "$@"',
  ];
  const may = spawnSync('unshare', readOnly, { env: { ...process.env, XDG_RUNTIME_DIR: '/mnt' } }).stderr.length === 0;
  if (!may) console.warn('SKIPPED: a read-only folder; this machine allows no unshare');
  it.skipIf(!may)('a read-only folder: the error names it, and the way out', async () => {
    const room = new Room();
    const app = room.within(['unshare', ...readOnly], elsewhere(room));
    await app.until(() => app.said('ERROR').length > 0, 'an error');
    expect(app.said('ERROR').join('\n')).toMatch(/nestjs-background-worker.*guard: 'off'/);
  });
});

/** The abstract sockets on which a process listens, as `listen` wants them. */
function endpointsOf(pid: number): readonly string[] {
  const inodes = new Set(
    spawnSync('ls', ['-l', `/proc/${pid}/fd`], { encoding: 'utf8' }).stdout.match(/(?<=socket:\[)\d+/g) ?? [],
  );
  return readFileSync('/proc/net/unix', 'utf8')
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
    .filter((fields) => inodes.has(fields[6] ?? '') && fields[7]?.startsWith('@') === true)
    .map((fields) => `\0${fields[7]!.slice(1)}`);
}
