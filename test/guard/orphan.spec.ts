import { expect, it } from 'vitest';
import type { GuardAppInput } from '../fixtures/guard-app.js';
import { Room, freePort } from './support/room.js';
import type { Running } from './support/running.js';

/** An app whose shell had died before the package was loaded; npm's mark is all that is left of its watcher. */
async function bornOrphan(room: Room, more: Partial<GuardAppInput>): Promise<Running> {
  Object.assign(room.env, { npm_lifecycle_event: 'start:dev', npm_lifecycle_script: 'nest start --watch' });
  const app = room.idle('orphaned');
  await app.adopted(await app.launched());
  app.type(`boot ${JSON.stringify(room.input({ mode: 'auto' }, more))}`);
  return app;
}

it('from birth: closes its app and exits when the next one comes', async () => {
  const room = new Room();
  const port = await freePort();
  const old = await bornOrphan(room, { port, stops: 300 });
  await old.prints('>> UP');
  await room.starts(old);
  const young = await room.live({}, { port });
  await old.gone();
  expect(old.said('LOG')).toContainEqual(expect.stringMatching(/^workers handed over to pid \d+ after \d+\.\d s$/));
  expect(young.alive).toBe(true);
  expect(room.overlaps).toEqual([]);
});

it('since the load of the package: its shell died during the boot', async () => {
  const room = new Room();
  const port = await freePort();
  Object.assign(room.env, { npm_lifecycle_event: 'start:dev', npm_lifecycle_script: 'nest start --watch' });
  const old = room.idle('launched by a shell');
  old.type('load');
  await old.prints('>> LOADED');
  const shell = await old.launched();
  process.kill(shell, 'SIGKILL');
  await old.adopted(shell);
  old.type(`boot ${JSON.stringify(room.input({}, { port }))}`);
  await old.prints('>> UP');
  await room.live({}, { port });
  await old.gone();
  expect(room.overlaps).toEqual([]);
});

for (const kind of ['HTTP on a fixed port', 'an application context'])
  it(`${kind}: ends, and does not boot on, where a younger one has got the workers`, async () => {
    const room = new Room();
    const port = kind.startsWith('HTTP') ? await freePort() : undefined;
    const old = await room.live({}, { port, stops: 'at command' });
    old.signal('SIGTERM');
    await old.prints('>> ASKED');
    const orphan = await bornOrphan(room, { port });
    await old.prints('>> SENT draining');
    const young = room.app({}, { port });
    await young.prints('>> SENT look');
    old.type('release');
    await orphan.gone();
    await young.prints('>> UP');
    expect(orphan.said('LOG').filter((line) => line.startsWith('the watcher of this process is gone'))).toHaveLength(1);
    expect(orphan.hasStackTrace || young.hasStackTrace).toBe(false);
    expect(orphan.times('>> UP')).toBe(0);
    expect(room.overlaps).toEqual([]);
  });
