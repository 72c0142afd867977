import { describe, expect, it } from 'vitest';
import type { GuardAppInput } from '../../fixtures/guard-app.js';
import { Room, freePort } from '../support/room.js';
import type { Running } from '../support/running.js';

const next = (room: Room, app: Running, more: Partial<GuardAppInput>): void =>
  app.type(`boot ${JSON.stringify(room.input({}, more))}`);

/** No worker keeps it alive, but its port. */
async function server(room: Room): Promise<Running> {
  const app = room.app({}, { enabled: false, port: await freePort() });
  await app.prints('>> UP');
  return app;
}

const starts = (room: Room, app: Running, name: string, times = 1): Promise<void> =>
  room.until(app, () => room.lines.filter((line) => line === `start ${app.known} ${name}`).length >= times, name);

describe('what has been taken comes back, in one process', () => {
  it('a second app of the same root module is closed again', async () => {
    const room = new Room();
    const app = await room.live({}, { name: 'main' });
    next(room, app, { name: 'second' });
    await app.prints('>> UP second');
    await starts(room, app, 'second');
    const before = app.said('LOG', 'WARN').length;
    app.type('close second');
    await starts(room, app, 'main', 2);
    expect(app.said('LOG', 'WARN').slice(before)).toContainEqual(expect.stringMatching(/worker.*\bback\b/));
    expect(room.overlaps).toEqual([]);
  });

  it('the second of three is closed, then the third', async () => {
    const room = new Room();
    const app = await room.live({}, { name: 'main' });
    for (const name of ['second', 'third']) {
      next(room, app, { name });
      await starts(room, app, name);
    }
    app.type('close second');
    await app.prints('>> CLOSED second');
    expect(room.lines.at(-1)).not.toContain('stop');
    app.type('close third');
    await starts(room, app, 'main', 2);
    expect(room.overlaps).toEqual([]);
  });

  it('a second app whose own start fails', async () => {
    const room = new Room();
    const app = await room.live({}, { name: 'main' });
    next(room, app, { name: 'second', fails: 'and lives on' });
    await app.prints('>> FAILED second');
    app.type('close-booting');
    await room.until(
      app,
      () => room.lines.findLast((line) => /^(start|stop) /.test(line)) === `start ${app.known} main`,
      'main has its worker',
    );
    expect(room.overlaps).toEqual([]);
  });

  it('a closed app is in memory no longer', async () => {
    const room = new Room();
    const app = await room.live({}, { name: 'main' });
    next(room, app, { name: 'second' });
    await app.prints('>> UP second');
    app.type('close second');
    await app.prints('>> CLOSED second');
    app.type('forget second');
    await app.prints('>> FORGOTTEN second');
    const [, ms] = />> FORGOTTEN second (\d+)/.exec(app.output) ?? [];
    expect(Number(ms)).toBeLessThan(1_500);
  });
});

describe('the guard is passed by every start', () => {
  it('enabled: false and start() by hand, twice', async () => {
    const room = new Room();
    const [one, two] = [await server(room), await server(room)];
    for (const app of [one, two]) {
      app.type('start job');
      await room.starts(app);
    }
    expect(room.overlaps).toEqual([]);
  });

  it('a worker that is added by hand waits where the other app has them', async () => {
    const room = new Room();
    const one = await room.live();
    one.type('add app');
    await one.prints('>> ADDED RUNS');
    const two = await room.live();
    await one.prints('>> ADDED STOPS');
    two.type('add app');
    await two.prints('>> ADDED RUNS');
    await room.kill(two);
    await one.prints('>> ADDED RUNS', 2);
    expect(room.overlaps).toEqual([]);
  });
});
