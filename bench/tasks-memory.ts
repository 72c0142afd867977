/** Of one contender, in a process of its own: bytes a waiting task, and what a million tasks leave behind. Prints JSON. */
import { median } from './figures.js';
import { contender } from './tasks-contenders.js';

const WAITING = 50_000;
const MANY = 1_000_000;
const ROUNDS = 5;

export interface Memory {
  readonly waiting: number;
  readonly left: number;
}

const [, , name = ''] = process.argv;
const { run, hold } = await contender(name, WAITING);

async function heap(): Promise<number> {
  // What is left of those before ends first.
  for (let turn = 0; turn < 3; turn += 1) {
    await new Promise((resolve) => setImmediate(resolve));
    globalThis.gc?.();
  }
  return process.memoryUsage().heapUsed;
}

/** What waits, until it is let go and has ended. */
async function bytesOfWaiting(): Promise<number> {
  let release = (): void => undefined;
  const stuck = new Promise<void>((resolve) => (release = resolve));
  const before = await heap();
  const held = hold!(WAITING, () => stuck);
  const bytes = ((await heap()) - before) / WAITING;
  release();
  await held.ended();
  return bytes;
}

const waiting: number[] = [];
for (let round = 0; round < ROUNDS; round += 1) waiting.push(await bytesOfWaiting());
const before = await heap();
for (let done = 0; done < MANY; done += WAITING) await run(WAITING);
console.log(JSON.stringify({ waiting: median(waiting), left: (await heap()) - before } satisfies Memory));
process.exit();
