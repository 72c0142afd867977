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

/** How long a boot takes here and now, and the first app. */
async function first(room: Room): Promise<{ readonly old: Running; readonly boot: number }> {
  const began = performance.now();
  const old = await room.live();
  return { old, boot: performance.now() - began };
}

/** Has the workers, or says within 2 s beside whom not. Its bootstrap waits for nobody. */
async function meets(room: Room, young: Running, old: Running, boot: number): Promise<'has them' | 'warns'> {
  const begun = performance.now();
  await young.prints('>> UP');
  expect(performance.now() - begun).toBeLessThan(2 * boot + 2_500);
  const has = (): boolean =>
    room.lines.findLast((line) => line.startsWith('start'))?.includes(` ${old.known} `) === false;
  await room.until(young, () => has() || warnings(young).length > 0, 'the workers, or a warning', 2_000 + boot);
  expect(room.overlaps).toEqual([]);
  return has() ? 'has them' : 'warns';
}

async function waitsInPeace(room: Room, old: Running, young: Running): Promise<void> {
  expect(warnings(young)).toContainEqual(expect.stringMatching(/guard: 'off'|[A-Z_]{5,}=/));
  const [tries, since] = [old.times('>> CONNECTED'), performance.now()];
  await room.until(old, () => performance.now() - since > 3_000, 'three seconds');
  // There may be two names on which they could meet.
  expect(old.times('>> CONNECTED') - tries).toBeLessThanOrEqual(8);
  await room.kill(old);
  await room.until(old, () => room.lines.at(-1)?.startsWith('start ') === true, 'it has the workers');
}

describe('a holder that is not proved to be this user’s', () => {
  it('another XDG_RUNTIME_DIR', async () => {
    const room = new Room();
    const { old, boot } = await first(room);
    Object.assign(room.env, { XDG_RUNTIME_DIR: elsewhere(room) });
    const young = room.app();
    if ((await meets(room, young, old, boot)) === 'warns') await waitsInPeace(room, old, young);
  });

  it('the folder of the secret was cleaned away', async () => {
    const room = new Room();
    const { old, boot } = await first(room);
    rmSync(join(room.directory, 'nestjs-background-worker'), { recursive: true });
    const young = room.app();
    if ((await meets(room, young, old, boot)) === 'warns') await waitsInPeace(room, old, young);
  });

  const namespaces = ['-U', '-c', '-p', '-f', '-m', '--keep-caps', '--mount-proc', '--kill-child'];
  const cover =
    'for each in "$0" /tmp/nestjs-background-worker-*; do [ ! -d "$each" ] || mount -t tmpfs none "$each"; done';
  const covered = [...namespaces, 'sh', '-c', `${cover}; exec "$@"`];
  const may = spawnSync('unshare', [...covered, '/mnt', 'true']).status === 0;
  if (!may) console.warn('SKIPPED: two namespaces that share the network; this machine allows no unshare');
  it.skipIf(!may)('two namespaces that share the network', async () => {
    const room = new Room();
    const { old, boot } = await first(room);
    const young = room.within(['unshare', ...covered, join(room.directory, 'nestjs-background-worker')]);
    expect(await meets(room, young, old, boot)).toBe('warns');
    await waitsInPeace(room, old, young);
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
  };
  for (const [what, prepare] of Object.entries(cases))
    it(`${what}: is mended, and the two meet`, async () => {
      const room = new Room();
      prepare(room);
      await room.live();
      await room.live();
      expect(room.overlaps).toEqual([]);
    });

  const beyond: Record<string, (room: Room) => void> = {
    'a file in the folder’s place': (room) => writeFileSync(folder(room), 'not a folder'),
    'a secret that is a directory': (room) => {
      mkdirSync(folder(room), { mode: 0o700 });
      mkdirSync(join(folder(room), 'secret', 'more'), { recursive: true });
    },
  };
  for (const [what, prepare] of Object.entries(beyond))
    it(`${what}: is mended, or the error names it and the way out`, async () => {
      const room = new Room();
      prepare(room);
      const app = room.app();
      const says = (): string => app.said('ERROR', 'WARN').join('\n');
      await app.until(() => says() !== '' || room.count('start') > 0, 'it says so, or has mended it');
      if (room.count('start') === 0) expect(says()).toMatch(/nestjs-background-worker.*guard: 'off'/);
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
