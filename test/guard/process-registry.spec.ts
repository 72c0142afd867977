import { cpSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { Relatives, type AppRecord } from '../../lib/guard/process-registry.js';
import { SystemClock } from '../../lib/shared/clock.js';
import { Room, freePort } from './support/room.js';
import type { Running } from './support/running.js';

const ROOT = join(import.meta.dirname, '../..');
const AT_COMMAND = { stops: 'at command' } as const;

/** The built package in a directory of its own, as a second copy in node_modules is. */
function copyIn(room: Room, name: string): string {
  const at = join(room.directory, name);
  mkdirSync(at);
  cpSync(join(ROOT, 'dist'), join(at, 'dist'), { recursive: true });
  cpSync(join(ROOT, 'package.json'), join(at, 'package.json'));
  symlinkSync(join(ROOT, 'node_modules'), join(at, 'node_modules'));
  return join(at, 'dist/index.js');
}

const boot = (app: Running, input: object): void => app.type(`boot ${JSON.stringify(input)}`);
const bodies = (room: Room): readonly string[] => room.lines.map((line) => line.replace(/ \d+ /, ' '));

describe('two apps of one key in one process', () => {
  it('the newest wins, the older one is drained first', async () => {
    const room = new Room();
    const app = await room.live({}, { name: 'old', ...AT_COMMAND });
    boot(app, room.input({}, { name: 'new' }));
    await app.prints('>> UP new');
    await app.prints('>> ASKED old');
    expect(bodies(room)).not.toContain('start new');
    app.type('release');
    await room.until(app, () => bodies(room).includes('start new'), 'the new one starts');
    expect(room.overlaps).toEqual([]);
    boot(app, room.input({}, { name: 'newest' }));
    await room.until(app, () => bodies(room).includes('start newest'), 'the newest starts');
    app.type('close newest');
    await app.prints('>> CLOSED newest');
    await room.until(app, () => room.count(`start ${app.known} new`) === 2, 'the one before comes back');
    expect(app.said('LOG')).toContain('the newer app of this process closes: the workers come back to the older one');
    expect(room.count(`start ${app.known} old`)).toBe(1);
    expect(room.overlaps).toEqual([]);
  });

  it('the older one has a body that does not stop: the newcomer’s workers wait, and say so once', async () => {
    const room = new Room();
    const app = await room.live({}, { name: 'old', stops: 'at command', stopTimeout: 100 });
    boot(app, room.input({}, { name: 'new' }));
    await app.prints('cannot stop');
    expect(bodies(room)).not.toContain('start new');
    app.type('release');
    await room.until(app, () => bodies(room).includes('start new'), 'the new one starts');
    expect(app.said('WARN').filter((line) => line.includes('an older app'))).toEqual([
      'an older app of this process cannot stop a worker: the workers wait for it, or for a restart of the process',
    ]);
    expect(room.overlaps).toEqual([]);
  });

  it('the older one closes: the newcomer’s bootstrap waits until its port is free', async () => {
    const room = new Room();
    const port = await freePort();
    const app = await room.live({}, { name: 'old', port, ...AT_COMMAND });
    app.type('close old');
    await app.prints('>> ASKED old');
    boot(app, room.input({}, { name: 'new', port }));
    await app.prints('BackgroundWorkerModule dependencies initialized', 2);
    app.type('release');
    await app.prints('>> UP new');
    await room.until(app, () => bodies(room).includes('start new'), 'the new one starts');
    expect(room.overlaps).toEqual([]);
    expect(app.output).not.toContain('EADDRINUSE');
  });

  for (const disposed of [true, false])
    it(`one superseded while it waits for that boots on ${disposed ? 'and is closed' : 'beside'} before the newest`, async () => {
      const room = new Room();
      const port = await freePort();
      const app = await room.live({}, { name: 'old', port, ...AT_COMMAND });
      app.type('close old');
      await app.prints('>> ASKED old');
      boot(app, room.input({}, { name: 'middle', port, hook: 'lingers' }));
      if (disposed) app.type('dispose middle');
      await app.prints('BackgroundWorkerModule dependencies initialized', 2);
      boot(app, room.input({}, disposed ? { name: 'new', port } : { name: 'new' }));
      await app.prints('BackgroundWorkerModule dependencies initialized', 3);
      app.type('release');
      await app.prints('>> UP new');
      await room.until(app, () => bodies(room).includes('start new'), 'the new one starts');
      expect(app.times('>> UP middle')).toBe(1);
      expect(app.times('>> CLOSED middle')).toBe(disposed ? 1 : 0);
      expect(bodies(room)).not.toContain('start middle');
      expect(room.overlaps).toEqual([]);
    });

  it('the older one’s close never ends: the newcomer’s workers start all the same', async () => {
    const room = new Room();
    const app = await room.live({ handoverTimeout: 500 }, { name: 'old', port: await freePort(), hook: 'hangs' });
    app.type('close old');
    await app.prints('all workers stopped');
    boot(app, room.input({ handoverTimeout: 500 }, { name: 'new' }));
    await room.until(app, () => bodies(room).includes('start new'), 'the new one starts');
    expect(room.overlaps).toEqual([]);
  });

  it('a newcomer that is closed while it waits', async () => {
    const room = new Room();
    const port = await freePort();
    const app = await room.live({}, { name: 'old', port, ...AT_COMMAND });
    app.type('close old');
    await app.prints('>> ASKED old');
    boot(app, room.input({ handoverTimeout: 60_000 }, { name: 'new', port }));
    await app.prints('BackgroundWorkerModule dependencies initialized', 2);
    app.type('close new');
    await app.prints('>> CLOSED new');
    app.type('release');
    await app.prints('>> CLOSED old');
    expect(bodies(room)).not.toContain('start new');
  });

  it('hold one endpoint: another process takes over from the newest', async () => {
    const room = new Room();
    const app = await room.live({}, { name: 'old' });
    boot(app, room.input({}, { name: 'new' }));
    await room.until(app, () => bodies(room).includes('start new'), 'the new one starts');
    const other = await room.live();
    await room.kill(other);
    await room.until(app, () => room.count(`start ${app.known} new`) === 2, 'the newest comes back');
    expect(room.count(`start ${app.known} old`)).toBe(1);
    expect(room.overlaps).toEqual([]);
  });

  it('off: both run', async () => {
    const room = new Room();
    const app = await room.live({ mode: 'off' }, { name: 'old' });
    boot(app, room.input({ mode: 'off' }, { name: 'new' }));
    await room.until(app, () => bodies(room).includes('start new'), 'the new one starts');
    expect(room.overlaps).toHaveLength(1);
  });
});

it('two different apps in one process do not disturb each other', async () => {
  const room = new Room();
  const app = await room.live({}, { name: 'one' });
  boot(app, room.input({ key: `${room.key}-two` }, { name: 'two' }));
  await room.until(app, () => bodies(room).includes('start two'), 'the other starts');
  expect(bodies(room).filter((line) => line.startsWith('stop'))).toEqual([]);
});

describe('two copies of the package in one process', () => {
  for (const [first, second] of [
    ['import', 'import'],
    ['import', 'require'],
    ['require', 'import'],
  ] as const) {
    it(`${first} beside ${second}`, async () => {
      const room = new Room();
      const [one, two] = [copyIn(room, 'one'), copyIn(room, 'two')];
      const app = await room.live({}, { name: 'old', copy: one, how: first, stops: 100 });
      boot(app, room.input({}, { name: 'new', copy: two, how: second }));
      await room.until(app, () => bodies(room).includes('start new'), 'the new one starts');
      expect(bodies(room)).toContain('stop old');
      expect(room.overlaps).toEqual([]);
    });
  }

  it('off: both run', async () => {
    const room = new Room();
    const app = await room.live({ mode: 'off' }, { name: 'old', copy: copyIn(room, 'one') });
    boot(app, room.input({ mode: 'off' }, { name: 'new', copy: copyIn(room, 'two') }));
    await room.until(app, () => bodies(room).includes('start new'), 'the new one starts');
    expect(room.overlaps).toHaveLength(1);
  });

  it('a registry of an unknown version is a coded error that names both', async () => {
    const room = new Room();
    const preload = join(room.directory, 'later.cjs');
    writeFileSync(preload, "globalThis[Symbol.for('nestjs-background-worker:apps')] = { v: 7, apps: new Map() };");
    Object.assign(room.env, { NODE_OPTIONS: `--require ${preload}` });
    const app = room.app();
    await app.gone();
    expect(app.output).toMatch(/FAILED app BGW_METADATA_VERSION .*version 7; this copy reads version 1/);
    expect(room.count('start')).toBe(0);
  });
});

describe('a record', () => {
  const clock = new SystemClock();
  const leaving: (() => void)[] = [];
  afterEach(() => leaving.splice(0).forEach((leave) => leave()));
  const none = (): Promise<number> => Promise.resolve(0);
  const joined = (record: Partial<AppRecord> & { readonly key: string }): Relatives => {
    const whole: AppRecord = Object.freeze({ v: 1, stop: none, ...record });
    const relatives = new Relatives(whole, clock);
    relatives.join(whole);
    leaving.push(() => relatives.leave(whole));
    return relatives;
  };
  const never = (): void => undefined;

  it('of the first version, without isClosing and an order, is older and may be closing', async () => {
    joined({ key: 'frozen' });
    const relatives = joined({ key: 'frozen', created: 1, isClosing: () => false });
    expect([relatives.before.length, relatives.anyCloses, relatives.hasNewer]).toEqual([1, true, false]);
    await relatives.released(() => false, never);
  });

  it('is asked until no body lives, even where it fails', async () => {
    const answers = [
      (): number => 2,
      (): never => {
        throw new Error('broken');
      },
      (): number => 0,
    ];
    let asked = 0;
    joined({ key: 'failing', stop: async () => Promise.resolve(answers[asked++]!()) });
    const told: number[] = [];
    await joined({ key: 'failing', created: 1 }).released(
      () => false,
      (living) => told.push(living),
    );
    expect(asked).toBe(3);
    expect(told).toEqual([2]);
  });

  it('of another key is left alone', () => {
    joined({ key: 'one', created: 1 });
    const other = joined({ key: 'two', created: 2 });
    expect([other.before, other.hasNewer]).toEqual([[], false]);
  });

  it('that was created later goes first, whenever it comes', () => {
    let ends = false;
    joined({ key: 'k', created: 3, ends: () => ends });
    const late = joined({ key: 'k', created: 2 });
    expect(late.hasNewer).toBe(true);
    ends = true;
    expect([late.hasNewer, late.before.length]).toEqual([false, 1]);
  });

  it('tells the others when it leaves', () => {
    const told: string[] = [];
    joined({ key: 'k', created: 1, changed: () => told.push('older') });
    const record: AppRecord = { v: 1, key: 'k', created: 2, stop: none, changed: () => told.push('itself') };
    const newer = new Relatives(record, clock);
    newer.join(record);
    newer.leave(record);
    newer.leave(record);
    expect(told).toEqual(['older']);
  });

  it('of the same lineage keeps its place for all apps of the process, and cedes it with them', async () => {
    const ceded: string[] = [];
    joined({
      key: 'one',
      created: 1,
      lineage: 'l',
      keepsLineage: () => true,
      cede: async () => void ceded.push('one'),
    });
    joined({
      key: 'three',
      created: 3,
      lineage: 'other',
      keepsLineage: () => true,
      cede: async () => void ceded.push('three'),
    });
    const two = joined({ key: 'two', created: 2, lineage: 'l' });
    expect(two.lineageIsKept).toBe(true);
    await two.cede();
    expect(ceded).toEqual(['one']);
  });
});
