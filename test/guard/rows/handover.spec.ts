import { describe, expect, it } from 'vitest';
import { Room, freePort } from '../support/room.js';
import type { Running } from '../support/running.js';

const AT_COMMAND = { stops: 'at command' } as const;
/** What a person reads of a hand-over. */
const lines = (app: Running): readonly string[] => app.said('LOG', 'WARN', 'ERROR');

describe('a drain has its time', () => {
  it('longer than 0.8 of handoverTimeout: nobody is killed, and the newcomer waits', { timeout: 60_000 }, async () => {
    const room = new Room();
    const port = await freePort();
    const old = await room.live({ handoverTimeout: 1_500 }, { port, stopTimeout: 20_000, ...AT_COMMAND });
    old.signal('SIGTERM');
    await old.prints('>> ASKED');
    const young = room.app({ handoverTimeout: 1_500 }, { port });
    await old.prints('>> SENT');
    const since = performance.now();
    await room.until(old, () => performance.now() - since > 2_500 || !old.alive, 'more than its handoverTimeout');
    old.type('release');
    await old.gone();
    expect(room.count(`stop ${old.known}`)).toBe(1);
    expect(old.said('ERROR')).toEqual([]);
    await room.starts(young);
    await young.prints('>> UP');
    expect(room.overlaps).toEqual([]);
    // After a second it says what it waits for.
    expect(lines(young)).toContainEqual(expect.stringMatching(new RegExp(`wait.*pid ${old.known}\\b`)));
  });

  const past = [
    ['shutdownTimeout', { handoverTimeout: 10_000 }, 2_500],
    ['handoverTimeout', { handoverTimeout: 1_500 }, 25_000],
  ] as const;
  for (const [option, guard, shutdownTimeout] of past)
    it(`who is past its own end is ended, and the line names the option: ${option}`, async () => {
      const room = new Room();
      const port = await freePort();
      const old = await room.live(guard, { port, shutdownTimeout, hook: 'hangs' });
      old.signal('SIGTERM');
      await old.prints('>> ASKED');
      const young = room.app(guard, { port });
      await old.gone();
      expect(lines(old).at(-1)).toContain(option);
      expect(old.exit?.code).toBe(1);
      await room.starts(young);
      expect(room.overlaps).toEqual([]);
    });
});

describe('who cannot start gives back at once', () => {
  /** The bound is below the 3 s for which one who was displaced lets newcomers go first. */
  async function isBack(room: Room, old: Running, young: Running, since: number): Promise<void> {
    await room.until(
      old,
      () => room.lines.findLast((line) => /^(start|stop) /.test(line))?.startsWith(`start ${old.known} `) === true,
      'the first has its worker',
    );
    expect(performance.now() - since).toBeLessThan(2_000);
    expect(room.overlaps).toEqual([]);
    expect(old.alive).toBe(true);
    if (room.count(`stop ${old.known}`) > 0)
      expect(lines(old).at(-2) + lines(old).at(-1)!).toMatch(new RegExp(`pid ${young.known}\\b.*back`, 's'));
  }

  it('its port is taken', async () => {
    const room = new Room();
    const port = await freePort();
    const old = await room.live({}, { port });
    const young = room.app({}, { port });
    await young.gone();
    const since = performance.now();
    expect(young.output).toContain('EADDRINUSE');
    await isBack(room, old, young, since);
    const taken = room.count(`stop ${old.known}`) > 0;
    expect(!taken || lines(young).some((line) => line.includes(`pid ${old.known}`))).toBe(true);
  });

  it('a hook of its own throws', async () => {
    const room = new Room();
    const old = await room.live();
    const young = room.app({}, { fails: 'and ends' });
    await young.gone();
    await isBack(room, old, young, performance.now());
    // The guard's hook is the last: where another one throws before it, nothing was taken.
    const taken = room.count(`stop ${old.known}`) > 0;
    expect(!taken || lines(young).some((line) => line.includes(`pid ${old.known}`))).toBe(true);
  });

  it('it is killed while the first still drains', async () => {
    const room = new Room();
    const old = await room.live({}, AT_COMMAND);
    const young = room.app();
    await old.prints('>> ASKED');
    await room.kill(young);
    old.type('release');
    await room.until(old, () => room.count(`stop ${old.known}`) === 1, 'it has drained');
    await isBack(room, old, young, performance.now());
  });
});

describe('a line is true', () => {
  it('of a holder that was killed nobody says that it still runs', async () => {
    const room = new Room();
    const old = await room.live({}, AT_COMMAND);
    const young = room.app();
    await old.prints('>> ASKED');
    await young.prints('>> UP');
    await room.kill(old);
    await room.starts(young);
    const about = lines(young).filter((line) => line.includes(String(old.known)));
    expect(about.filter((line) => /still running/.test(line))).toEqual([]);
    expect(about).not.toEqual([]);
  });

  it('the advice for two of one source works', async () => {
    const room = new Room();
    const old = await room.live();
    const young = await room.live();
    const [, name = '', value = ''] = /\b([A-Z][A-Z_]{4,})=(\w+)/.exec(lines(young).join('\n')) ?? [];
    expect(name).not.toBe('');
    await room.kill(young);
    await room.starts(old, 2);
    const env = room.env as NodeJS.ProcessEnv;
    env[name] = value;
    const other = await room.live();
    expect(room.overlaps).toHaveLength(1);
    expect(room.count(`stop ${old.known}`)).toBe(1);
    await room.kill(other);
  });
});

describe('clocks do not decide', () => {
  for (const offset of [600_000, -600_000])
    it(`the old process’s clock is ${offset / 1_000} s off, and it drains`, async () => {
      const room = new Room();
      const port = await freePort();
      const env = room.env as NodeJS.ProcessEnv;
      env['NODE_OPTIONS'] = `--import=${wrongClock(offset)}`;
      const old = await room.live({}, { port, ...AT_COMMAND });
      delete env['NODE_OPTIONS'];
      old.signal('SIGTERM');
      await old.prints('>> ASKED');
      const young = room.app({}, { port });
      await room.until(old, () => old.times('>> SENT') > 0 || young.times('EADDRINUSE') > 0, 'the two have met');
      old.type('release');
      await old.gone();
      await room.starts(young);
      await young.prints('>> UP');
      expect(young.output).not.toContain('EADDRINUSE');
      expect(room.overlaps).toEqual([]);
    });

  it('an old one that is wanted, whose clock is 600 s ahead, hands over', async () => {
    const room = new Room();
    const env = room.env as NodeJS.ProcessEnv;
    env['NODE_OPTIONS'] = `--import=${wrongClock(600_000)}`;
    await room.live();
    delete env['NODE_OPTIONS'];
    await room.live();
    expect(room.overlaps).toEqual([]);
  });
});

/** A module that sets the clocks of its process to another time. */
const wrongClock = (offset: number): string =>
  `data:text/javascript,${encodeURIComponent(`
    const { now } = Date;
    const { timeOrigin } = performance;
    Date.now = () => now() + ${offset};
    Object.defineProperty(performance, 'timeOrigin', { value: timeOrigin + ${offset} });
  `)}`;
