import type { Bench } from './bench.js';
import { CellFailure } from './bench.js';
import { commandOf, isAlive, pause, signal } from './processes.js';

/** What a developer does to a checkout. Leaves the newest code running. */
export interface Script {
  run(bench: Bench, size: Size): Promise<void>;
  /** How many live apps there are at its end. */
  readonly apps: number;
}

export type Size = 'full' | 'short' | 'off';

/** Ctrl-C; and once more where the first is lost: seen where HMR closes the app, and with it its listeners, in that very moment. */
async function stopped(bench: Bench, server: string): Promise<void> {
  signal(-bench.serverPid(server), 'SIGINT');
  if (await bench.until(() => bench.processes(server).length === 0, 8_000)) return;
  console.log(`     a second Ctrl-C was needed for: ${bench.processes(server).map(commandOf).join('; ')}`);
  signal(-bench.serverPid(server), 'SIGINT');
  await bench.ended(server);
}

async function edited(bench: Bench): Promise<void> {
  bench.edit();
  await bench.settled();
  if (bench.isOfNoUse(bench.startedAt)) await startedByHand(bench);
}

async function startedByHand(bench: Bench): Promise<void> {
  await stopped(bench, '1');
  bench.start();
  await bench.settled(true);
}

/** The second edit comes while the app of the first is told to stop. */
async function whileDraining(bench: Bench): Promise<void> {
  bench.edit();
  await bench.draining();
  await edited(bench);
}

/** Three saves; the pauses are the developer's, nothing is waited for. */
async function inSuccession(bench: Bench): Promise<void> {
  bench.edit();
  await pause(30);
  bench.edit();
  await pause(400);
  await edited(bench);
}

async function brokenAndFixed(bench: Bench): Promise<void> {
  const since = bench.output().length;
  bench.break();
  await bench.complained(since);
  await edited(bench);
}

const edits: Script = {
  apps: 1,
  async run(bench, size) {
    bench.start();
    await bench.settled(true);
    if (size === 'short') {
      await whileDraining(bench);
      return await brokenAndFixed(bench);
    }
    await edited(bench);
    await whileDraining(bench);
    await edited(bench);
    if (size === 'off') return;
    await inSuccession(bench);
    await brokenAndFixed(bench);
    await whileDraining(bench);
    await edited(bench);
  },
};

/** A body that never stops is in the way of all that come after it: they boot, and their workers wait. */
const stuck: Script = {
  apps: 1,
  async run(bench) {
    bench.start();
    await bench.settled(true);
    for (let edit = 0; edit < 10; edit++) {
      bench.edit();
      await bench.until(() => bench.hasBooted(bench.version), 12_000);
    }
  },
};

type Victim = readonly ['watcher' | 'app', 'SIGKILL' | 'SIGTERM'];
const VICTIMS: readonly Victim[] = [
  ['watcher', 'SIGKILL'],
  ['app', 'SIGKILL'],
  ['watcher', 'SIGTERM'],
  ['app', 'SIGTERM'],
];

/** The app or its watcher is killed, the code changes, and whoever was killed is started again: by hand, or by the edit. */
const kills: Script = {
  apps: 1,
  async run(bench, size) {
    bench.start();
    await bench.settled(true);
    const rounds = size === 'full' ? [...VICTIMS, ...VICTIMS, ...VICTIMS.slice(0, 2)] : VICTIMS.slice(0, 3);
    for (const [victim, how] of rounds) {
      const app = bench.newest();
      signal(victim === 'watcher' ? bench.serverPid() : app.pid, how);
      if (victim === 'app') await bench.must('the app has ended', () => !isAlive(app.process), 15_000);
      const again = victim === 'watcher' || bench.watcher.missesKilledApp === true;
      if (victim === 'app' && again) {
        signal(bench.serverPid(), 'SIGKILL');
        await bench.ended('1');
      }
      bench.edit();
      if (again) bench.start();
      await bench.settled(again);
    }
  },
};

/** Both workers run in an app of this server, and have started there since. */
const runsOn = (bench: Bench, server: string, since: number): boolean =>
  (['loop', 'tick'] as const).every((worker) =>
    bench.journal.lines
      .slice(since)
      .some((line) => line.event === 'start' && line.worker === worker && line.server === server),
  );

async function takesBack(bench: Bench): Promise<void> {
  const since = bench.journal.lines.length;
  await stopped(bench, '2');
  const on = bench.newest();
  if (on.server !== '1' || !isAlive(on.process))
    await bench.must('server 1 takes its workers back', () => runsOn(bench, '1', since), 20_000);
}

/** Both are started at once, and restart at each edit; then the second one ends. */
const twoAtOnce: Script = {
  apps: 1,
  async run(bench, size) {
    bench.start('1');
    bench.start('2');
    await bench.settled(true);
    const rounds = size === 'full' ? 4 : 1;
    for (let round = 0; round < rounds; round++) await edited(bench);
    await whileDraining(bench);
    if (size === 'full') {
      await inSuccession(bench);
      await brokenAndFixed(bench);
    }
    const both = (): boolean => bench.liveApps().length === 2;
    // A watcher may have missed the fix of a syntax error that the other one saw.
    if (!(await bench.until(both, 15_000))) await edited(bench);
    await bench.must('both servers have an app', both, 20_000);
    await takesBack(bench);
  },
};

/** A second server comes, takes the workers, and goes; the first has them back. */
const oneAfterTheOther: Script = {
  apps: 1,
  async run(bench, size) {
    bench.start('1');
    await bench.settled(true);
    for (let round = 0; round < (size === 'full' ? 5 : 1); round++) {
      const since = bench.journal.lines.length;
      bench.start('2');
      await bench.must('server 2 takes the workers', () => runsOn(bench, '2', since), 30_000);
      await edited(bench);
      await takesBack(bench);
      await edited(bench);
      if (bench.setting.guard === 'auto' && bench.newest().server !== '1')
        throw new CellFailure('the workers are not with server 1');
    }
  },
};

/** The first server's app waits for the second's when its watcher is killed: it ends, and the second's workers run on. */
const waitingOrphan: Script = {
  apps: 1,
  async run(bench, size) {
    bench.start('1');
    await bench.settled(true);
    let [waiter, holder] = ['1', '2'];
    for (let round = 0; round < (size === 'full' ? 5 : 1); round++) {
      const waiting = bench.newest();
      const since = bench.journal.lines.length;
      bench.start(holder);
      await bench.must(`server ${holder} takes the workers`, () => runsOn(bench, holder, since), 30_000);
      const { process } = bench.newest();
      signal(bench.serverPid(waiter), 'SIGKILL');
      await bench.must('the app that waits has ended', () => !isAlive(waiting.process), 12_000);
      if (bench.setting.guard === 'auto' && !isAlive(process))
        throw new CellFailure('the app with the workers has ended');
      await edited(bench);
      await edited(bench);
      [waiter, holder] = [holder, waiter];
    }
  },
};

export const scripts = { edits, stuck, kills, twoAtOnce, oneAfterTheOther, waitingOrphan } satisfies Record<
  string,
  Script
>;
export type ScriptName = keyof typeof scripts;
