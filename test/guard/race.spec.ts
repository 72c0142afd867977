import { createHash } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { userDirectory, userSecret } from '../../lib/endpoint/user-secret.js';
import { Room } from './support/room.js';

/** 200 by `npm run test:guard-race`; its last whole run: docs/watch-mode.md. */
const ROUNDS = Number(process.env['BGW_GUARD_RACE_ROUNDS'] ?? 5);
const RACERS = 8;

type State =
  'nothing' | 'a dead holder' | 'notes of nobody' | 'a stopped holder' | 'a dead maker of the secret' | 'a live holder';
const STATES: readonly State[] = [
  'a dead holder',
  'notes of nobody',
  'a stopped holder',
  'a live holder',
  'a dead maker of the secret',
  'nothing',
];

/** @returns what ends the state, for those that need it */
async function prepare(room: Room, state: State): Promise<() => void> {
  const nothing = (): void => undefined;
  const directory = userDirectory({ XDG_RUNTIME_DIR: room.directory });
  switch (state) {
    case 'a dead holder':
      await room.kill(await room.live());
      return nothing;
    case 'notes of nobody':
      writeFileSync(
        join(directory, `${createHash('sha256').update(room.appKey).digest('hex').slice(0, 16)}.json`),
        '{"pid":1,"entry":"x","since":"yesterday"',
      );
      userSecret(directory);
      return nothing;
    case 'a stopped holder': {
      const holder = await room.live({}, { stops: 20 });
      holder.signal('SIGSTOP');
      return () => holder.signal('SIGCONT');
    }
    case 'a live holder':
      await room.live({}, { stops: 20 });
      return nothing;
    case 'a dead maker of the secret':
      writeFileSync(join(directory, 'secret-1-abcdef'), 'half');
      return nothing;
    case 'nothing':
      return nothing;
  }
}

for (let round = 1; round <= ROUNDS; round++) {
  const state = STATES[round % STATES.length]!;
  it(`round ${round}: ${RACERS} at once over ${state}: never two`, { timeout: 120_000 }, async () => {
    const room = new Room();
    const end = await prepare(room, state);
    const racers = Array.from({ length: RACERS }, () => room.app({ handoverTimeout: 2_000 }, { stops: 20 }));
    await Promise.all(racers.map((one) => one.pid()));
    end();
    await Promise.all(racers.map((one) => one.prints('>> UP')));
    // The youngest has the workers in the end, whoever had them on the way.
    const [first] = racers;
    await room.until(
      first!,
      () => {
        const last = room.lines.filter((line) => /^(start|stop) /.test(line)).at(-1);
        return last?.startsWith('start') === true && room.count('start') > 0;
      },
      'somebody has the workers',
    );
    expect(room.overlaps).toEqual([]);
  });
}

it('off: all at once', { timeout: 60_000 }, async () => {
  const room = new Room();
  const racers = Array.from({ length: RACERS }, () => room.app({ mode: 'off' }));
  await Promise.all(racers.map((one) => room.starts(one)));
  expect(room.overlaps).toHaveLength(RACERS - 1);
});
