import { expect, it } from 'vitest';
import { Room, freePort } from './support/room.js';

const CHILD = { stops: 400 } as const;

it('a later child of one watcher succeeds the earlier one, whatever its key is now', async () => {
  const room = new Room();
  const watcher = room.idle('watching');
  watcher.launch(room.input({}, { ...CHILD, name: 'one' }));
  await room.until(watcher, () => room.count('start') === 1, 'the first runs');
  watcher.launch(room.input({ key: `${room.key}-edited` }, { ...CHILD, name: 'two' }));
  await room.until(watcher, () => room.count('start') === 2, 'the second runs');
  expect(room.lines.filter((line) => /^(start|stop)/.test(line)).map((line) => line.replace(/ \d+ /, ' '))).toEqual([
    'start one',
    'stop one',
    'start two',
  ]);
  expect(room.overlaps).toEqual([]);
});

it('a key in the environment of two watchers keeps their children apart', async () => {
  const room = new Room();
  const first = room.idle('watching');
  first.launch(room.input({}, { ...CHILD, name: 'one' }));
  await room.until(first, () => room.count('start') === 1, 'the first runs');
  Object.assign(room.env, { BACKGROUND_WORKERS_KEY: 'b' });
  const second = room.idle('watching');
  second.launch(room.input({}, { ...CHILD, name: 'two' }));
  await room.until(second, () => room.count('start') === 2, 'the second runs too');
  expect(room.count('stop')).toBe(0);
});

it('another XDG_RUNTIME_DIR: the secret that all of the user’s processes know proves both', async () => {
  const room = new Room();
  const old = await room.live();
  const other = new Room();
  Object.assign(room.env, { XDG_RUNTIME_DIR: other.directory });
  const young = await room.live();
  await old.prints('handed over');
  expect(young.said('WARN').filter((line) => line.includes('did not'))).toEqual([]);
  expect(room.overlaps).toEqual([]);
});

it('the secret’s folder was cleaned away: the holder reads what the newcomer has made', async () => {
  const { rmSync } = await import('node:fs');
  const room = new Room();
  await room.live();
  rmSync(`${room.directory}/nestjs-background-worker`, { recursive: true });
  await room.live();
  expect(room.overlaps).toEqual([]);
});

it('enabled: false, and started by hand: the guard is passed all the same', async () => {
  const room = new Room();
  const old = room.app({}, { enabled: false, port: await freePort() });
  await old.prints('>> UP');
  old.type('start app');
  await room.until(old, () => room.count('start') === 1, 'it starts by hand');
  const young = room.app({}, { enabled: false, port: await freePort() });
  await young.prints('>> UP');
  young.type('start app');
  await room.starts(young);
  expect(room.overlaps).toEqual([]);
});
