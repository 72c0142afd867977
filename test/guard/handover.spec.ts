import { describe, expect, it } from 'vitest';
import { Room, freePort } from './support/room.js';
import type { Running } from './support/running.js';

const AT_COMMAND = { stops: 'at command' } as const;
const BOTH = 'To run both, start one of them with BACKGROUND_WORKERS_KEY=b in its environment';

const about = (app: Running, words: string): readonly string[] =>
  app.said('LOG', 'WARN', 'ERROR').filter((line) => line.includes(words));

/** It has said so, and what it said has gone out. */
async function settled(app: Running): Promise<void> {
  await app.prints('>> SENT settled');
  app.type('load');
  await app.prints('>> LOADED');
}

describe('an incumbent that closes', () => {
  for (const kind of ['HTTP on a fixed port', 'an application context']) {
    it(`${kind}: the newcomer's bootstrap waits for it`, async () => {
      const room = new Room();
      const port = kind.startsWith('HTTP') ? await freePort() : undefined;
      const old = await room.live({}, { port, ...AT_COMMAND });
      old.signal('SIGTERM');
      await old.prints('>> ASKED');
      const young = room.app({}, { port });
      await old.prints('>> SENT draining');
      expect(young.times('>> UP')).toBe(0);
      old.type('release');
      await old.gone();
      await room.starts(young);
      await young.prints('>> UP');
      expect(room.overlaps).toEqual([]);
      expect(young.output).not.toContain('EADDRINUSE');
      expect(old.hasStackTrace || young.hasStackTrace).toBe(false);
      expect(about(old, 'handed over')).toEqual([
        expect.stringMatching(new RegExp(String.raw`^workers handed over to pid ${young.known} after \d+\.\d s$`)),
      ]);
      expect(about(young, 'taken over')).toEqual([
        expect.stringMatching(new RegExp(String.raw`^workers taken over from pid ${old.known} after \d+\.\d s$`)),
      ]);
    });
  }

  it('off: two at once, and the port is taken', async () => {
    const room = new Room();
    const port = await freePort();
    const old = await room.live({ mode: 'off' }, { port, ...AT_COMMAND });
    old.signal('SIGTERM');
    await old.prints('>> ASKED');
    const young = room.app({ mode: 'off' }, { port });
    await young.gone();
    expect(young.output).toContain('EADDRINUSE');
    expect(room.overlaps).toHaveLength(1);
  });

  it('that drains longer than handoverTimeout, and says so, holds up bootstrap until its announced end', async () => {
    const room = new Room();
    const old = await room.live({ handoverTimeout: 60_000 }, AT_COMMAND);
    old.signal('SIGTERM');
    await old.prints('>> ASKED');
    const young = room.app({ handoverTimeout: 300 });
    await young.prints('bootstrap waits for');
    await old.prints('>> SENT draining', 3);
    expect(young.times('>> UP')).toBe(0);
    expect(about(young, 'bootstrap waits')).toEqual([
      expect.stringMatching(
        new RegExp(
          String.raw`^bootstrap waits for pid ${old.known} \(.*guard-app\.js\), which closes: it will have ended within \d`,
        ),
      ),
    ]);
    old.type('release');
    await room.starts(young);
    expect(room.overlaps).toEqual([]);
  });

  it('that falls silent holds it up no longer, and the workers wait', async () => {
    const room = new Room();
    const old = await room.live({ handoverTimeout: 60_000 }, { ...AT_COMMAND, shutdownTimeout: 20_000 });
    old.signal('SIGTERM');
    await old.prints('>> ASKED');
    const young = room.app({ handoverTimeout: 300 });
    await old.prints('>> SENT draining');
    old.signal('SIGSTOP');
    await young.prints('>> UP');
    expect(room.count(`start ${young.known}`)).toBe(0);
    old.signal('SIGCONT');
    old.type('release');
    await room.starts(young);
    expect(room.overlaps).toEqual([]);
  });
});

describe('somebody else’s hook that never ends', () => {
  const cases = [
    ['0.8 of guard.handoverTimeout (1500 ms)', { handoverTimeout: 1_500 }, 25_000, 1_200],
    ['shutdownTimeout (900 ms)', { handoverTimeout: 10_000 }, 900, 900],
  ] as const;
  for (const [option, guard, shutdownTimeout, limit] of cases) {
    it(`ends by force after ${option}`, async () => {
      const room = new Room();
      const port = await freePort();
      const old = await room.live(guard, { port, shutdownTimeout, hook: 'hangs' });
      old.signal('SIGTERM');
      await old.prints('>> ASKED');
      const young = room.app({}, { port });
      await old.prints('>> SENT draining');
      const begun = performance.now();
      await old.gone();
      expect(performance.now() - begun).toBeLessThan(limit + 500);
      expect(old.exit?.code).toBe(1);
      await young.prints('>> UP');
      expect(about(old, 'exiting')).toEqual([
        `pid ${young.known} waits for this process to end; the shutdown does not end; ${option} is over: exiting`,
      ]);
      expect(room.overlaps).toEqual([]);
    });
  }

  it('is not cut short for a newcomer that has gone; past its announced end it is for the next one', async () => {
    const room = new Room();
    const old = await room.live({ handoverTimeout: 5_000 }, { hook: 'hangs', port: await freePort() });
    old.signal('SIGTERM');
    await old.prints('>> ASKED');
    const closed = performance.now();
    const gone = room.app();
    await old.prints('>> SENT draining');
    await room.kill(gone);
    await room.until(old, () => performance.now() - closed > 4_500, 'its announced end passes');
    expect(old.alive).toBe(true);
    const young = room.app();
    await old.gone();
    expect(old.exit?.code).toBe(1);
    await young.prints('>> UP');
  });
});

describe('an orphan', () => {
  for (const how of ['launched', 'launched by a shell'] as const) {
    it(`closes its app and exits when its watcher is gone (${how})`, async () => {
      const room = new Room();
      const old = await room.live({}, { stops: 300 }, how);
      process.kill(old.child.pid!, 'SIGKILL');
      const young = await room.live();
      await old.gone();
      expect(room.overlaps).toEqual([]);
      expect(young.alive).toBe(true);
      expect(about(old, 'To run both')).toEqual([]);
    });
  }

  it('also where only the shell between was killed', async () => {
    const room = new Room();
    const old = await room.live({}, {}, 'launched by a shell');
    process.kill(await old.launched(), 'SIGKILL');
    await room.live();
    await old.gone();
    expect(room.overlaps).toEqual([]);
  });

  it('without anybody that listens for a signal', async () => {
    const room = new Room();
    const old = await room.live({}, { deaf: true, stops: 300 }, 'launched');
    process.kill(old.child.pid!, 'SIGKILL');
    await room.live();
    await old.gone();
    expect(room.overlaps).toEqual([]);
  });

  it('is none while its watcher lives: it stays and waits', async () => {
    const room = new Room();
    const old = await room.live({}, {}, 'launched by a shell');
    await room.live();
    expect(old.alive).toBe(true);
    expect(room.overlaps).toEqual([]);
  });

  for (const deaf of [false, true]) {
    it(`with an abandoned body exits with 1 and names it (${deaf ? 'nobody' : 'Nest'} listens)`, async () => {
      const room = new Room();
      const old = await room.live({}, { stops: 'never', stopTimeout: 200, deaf, shutdownTimeout: 2_000 }, 'launched');
      process.kill(old.child.pid!, 'SIGKILL');
      await room.live();
      await old.gone();
      expect(about(old, 'exiting')).toEqual([
        expect.stringContaining('still running: job; stopTimeout is over: exiting'),
      ]);
      expect(room.overlaps).toEqual([]);
    });
  }

  it('off: the old code lives on beside the new', async () => {
    const room = new Room();
    const old = await room.live({ mode: 'off' }, {}, 'launched');
    process.kill(old.child.pid!, 'SIGKILL');
    await room.live({ mode: 'off' });
    expect(old.alive).toBe(true);
    expect(room.overlaps).toHaveLength(1);
  });
});

describe('a body that does not stop', () => {
  const STUCK = { stops: 'never', stopTimeout: 100 } as const;

  it('of an app that is alive: the newcomer waits, and says for what', async () => {
    const room = new Room();
    const old = await room.live({}, STUCK);
    const young = room.app();
    await young.prints('>> UP');
    await young.prints('cannot stop job');
    expect(old.alive).toBe(true);
    expect(young.said('WARN').filter((line) => !line.includes('SIGTERM'))).toHaveLength(1);
    expect(room.count(`start ${young.known}`)).toBe(0);
    await room.kill(old);
    await room.starts(young);
    expect(room.overlaps).toEqual([]);
  });

  it('of an app that closes: it exits with 1 and names it', async () => {
    const room = new Room();
    const port = await freePort();
    const old = await room.live({}, { ...STUCK, port, hook: 'hangs', shutdownTimeout: 1_500 });
    old.signal('SIGTERM');
    await old.prints('>> ASKED');
    const young = room.app({}, { port });
    await old.gone();
    expect(old.exit?.code).toBe(1);
    expect(about(old, 'exiting')).toEqual([
      `pid ${young.known} waits for this process to end; still running: job; stopTimeout is over: exiting`,
    ]);
    await room.starts(young);
    expect(room.overlaps).toEqual([]);
  });

  it('of an app that has closed and lives on', async () => {
    const room = new Room();
    const old = await room.live({}, STUCK);
    old.type('close app');
    await old.prints('>> CLOSED app');
    expect(old.alive).toBe(true);
    const young = room.app();
    await old.gone();
    expect(old.exit?.code).toBe(1);
    await room.starts(young);
    expect(room.overlaps).toEqual([]);
  });

  it('off: the new one starts beside it', async () => {
    const room = new Room();
    const old = await room.live({ mode: 'off' }, STUCK);
    old.type('close app');
    await old.prints('>> CLOSED app');
    await room.live({ mode: 'off' });
    expect(room.overlaps).toHaveLength(1);
  });
});

describe('a holder that does not answer', () => {
  it('because its event loop is blocked: is not robbed', async () => {
    const room = new Room();
    const old = await room.live();
    old.type('block 3500');
    await old.prints('>> BLOCKED');
    const young = room.app({ handoverTimeout: 500 });
    await young.prints('>> UP');
    expect(old.times('>> UNBLOCKED')).toBe(0);
    expect(about(young, 'does not answer')).toEqual([
      expect.stringMatching(
        new RegExp(
          String.raw`^pid ${old.known} \(.*guard-app\.js\) holds the workers since \d{4}-.*Z and does not answer`,
        ),
      ),
    ]);
    await room.starts(young);
    expect(old.times('>> UNBLOCKED')).toBe(1);
    expect(room.overlaps).toEqual([]);
  });

  it('because it is stopped: is not robbed, and hands over when it goes on', async () => {
    const room = new Room();
    const old = await room.live();
    old.signal('SIGSTOP');
    const young = room.app({ handoverTimeout: 500 });
    await young.prints('>> UP');
    expect(about(young, 'does not answer')).toHaveLength(1);
    expect(room.count(`start ${young.known}`)).toBe(0);
    old.signal('SIGCONT');
    await room.starts(young);
    expect(room.overlaps).toEqual([]);
    expect(young.said('WARN').filter((line) => !line.includes('SIGTERM'))).toHaveLength(1);
  });

  it('ends the newcomer at once when that is told to close', async () => {
    const room = new Room();
    const port = await freePort();
    const old = await room.live();
    old.signal('SIGSTOP');
    const young = room.app({ handoverTimeout: 60_000 }, { port });
    await room.connected(young);
    const begun = performance.now();
    young.signal('SIGTERM');
    await young.gone();
    expect(performance.now() - begun).toBeLessThan(1_500);
  });

  it('does not keep alive a newcomer that was told to close', async () => {
    const room = new Room();
    const old = await room.live();
    old.signal('SIGSTOP');
    const young = room.app({ handoverTimeout: 300 }, { deaf: true });
    await young.prints('>> UP');
    young.type('close app');
    await young.prints('>> CLOSED');
    young.child.stdin?.end();
    await young.gone(1_500);
  });

  it('off: robbed', async () => {
    const room = new Room();
    const old = await room.live({ mode: 'off' });
    old.signal('SIGSTOP');
    await room.live({ mode: 'off' });
    expect(room.overlaps).toHaveLength(1);
  });
});

describe('an incumbent that is alive and wanted', () => {
  it('waits, says how to run both, and comes back 3 s after the newcomer is gone', async () => {
    const room = new Room();
    const old = await room.live();
    const young = await room.live();
    const entry = String.raw`\(test/build/.*guard-app\.js\)`;
    await old.prints('handed over');
    expect(about(old, 'To run both')).toEqual([
      expect.stringMatching(new RegExp(`^workers handed over to pid ${young.known} ${entry} after .* s. `)),
    ]);
    expect(about(young, 'To run both')).toEqual([
      expect.stringMatching(
        new RegExp(`^workers taken over from pid ${old.known} ${entry} after .* s, which is still running. `),
      ),
    ]);
    expect(about(young, 'To run both')[0]).toContain(BOTH);
    await settled(young);
    const begun = performance.now();
    await room.kill(young);
    await room.starts(old, 2);
    expect(performance.now() - begun).toBeGreaterThan(2_500);
    expect(performance.now() - begun).toBeLessThan(5_500);
    expect(room.overlaps).toEqual([]);
    expect(old.hasStackTrace || young.hasStackTrace).toBe(false);
    // It waits without a word: it has said so already.
    expect(about(old, 'they wait here')).toEqual([]);
  });

  for (const end of ['SIGKILL', 'SIGTERM'] as const)
    it(`has them back at once where the newcomer ends (${end}) before its start is over; a line on each side`, async () => {
      const room = new Room();
      const old = await room.live();
      const young = await room.live();
      await young.prints('>> SENT kept');
      const begun = performance.now();
      if (end === 'SIGKILL') await room.kill(young);
      else young.signal('SIGTERM');
      await room.starts(old, 2);
      expect(performance.now() - begun).toBeLessThan(1_500);
      expect(about(old, 'before its start was over')).toHaveLength(1);
      expect(about(young, 'the workers go back to pid')).toHaveLength(end === 'SIGKILL' ? 0 : 1);
      expect(room.overlaps).toEqual([]);
    });

  it('lets a newcomer’s successor go first', async () => {
    const room = new Room();
    const old = await room.live();
    const young = await room.live();
    await settled(young);
    young.signal('SIGTERM');
    await young.gone();
    const gone = performance.now();
    const next = await room.live();
    // The old one waits for three seconds: a machine on which a boot takes longer has nothing to show.
    if (performance.now() - gone < 2_500) expect(room.count(`start ${old.known}`)).toBe(1);
    expect(next.alive).toBe(true);
    expect(room.overlaps).toEqual([]);
  });

  it('off: both run', async () => {
    const room = new Room();
    await room.live({ mode: 'off' });
    await room.live({ mode: 'off' });
    expect(room.overlaps).toHaveLength(1);
  });
});

describe('several that wait', () => {
  it('one after another: the younger displaces the older, whose place it takes', async () => {
    const room = new Room();
    const old = await room.live({}, AT_COMMAND);
    const middle = room.app();
    await middle.prints('>> UP');
    const young = room.app();
    await young.prints('>> UP');
    old.type('release');
    await room.starts(young);
    expect(room.count(`start ${await middle.pid()}`)).toBe(0);
    await middle.prints(`pid ${young.known} (`);
    await room.kill(young);
    await room.until(old, () => room.count('start') === 3, 'one of those who wait takes over');
    expect(room.overlaps).toEqual([]);
  });
});

describe('close() of a newcomer that waits', () => {
  it('HTTP: ends at once', async () => {
    const room = new Room();
    const port = await freePort();
    const old = await room.live({ handoverTimeout: 60_000 }, { port, ...AT_COMMAND });
    old.signal('SIGTERM');
    await old.prints('>> ASKED');
    const young = room.app({ handoverTimeout: 60_000 }, { port });
    await old.prints('>> SENT draining');
    const begun = performance.now();
    young.signal('SIGTERM');
    await young.gone();
    expect(performance.now() - begun).toBeLessThan(1_500);
    old.type('release');
    await old.gone();
    expect(room.count('start')).toBe(1);
  });
});
