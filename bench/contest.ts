import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { plainEnv } from '../test/support/plain-env.js';
import type { Sample } from './contestant.js';

export interface Contest {
  /** The binary that runs the contestants. */
  readonly node: string;
  readonly file: string;
  /** Arguments of the file by the contestant's name. */
  readonly contestants: Readonly<Record<string, readonly string[]>>;
  readonly rounds: number;
  /** How often the processes are made anew: no two runs of one program are laid out and compiled alike. */
  readonly generations: number;
  readonly env?: NodeJS.ProcessEnv;
}

/** By contestant, a sample a round. */
export type Results = Readonly<Record<string, readonly Sample[]>>;

/**
 * Contestants are alive at once, each in a process of its own, and take turns, every second round backwards: within a
 * round each has the same machine, busy or not.
 */
export async function contest({ contestants, rounds, generations, ...how }: Contest): Promise<Results> {
  const results = Object.fromEntries(Object.keys(contestants).map((name) => [name, [] as Sample[]]));
  for (let generation = 0; generation < generations; generation++) {
    const field = new Map<string, ChildProcess>();
    for (const [name, args] of Object.entries(contestants)) field.set(name, await start(how, args));
    for (let round = 0; round < rounds; round++) {
      const order = [...field];
      for (const [name, child] of round % 2 === 0 ? order : order.reverse()) results[name]?.push(await ask(child));
    }
    for (const child of field.values()) child.disconnect();
  }
  return results;
}

async function start({ node, file, env }: Pick<Contest, 'node' | 'file' | 'env'>, args: readonly string[]) {
  const child = fork(file, args, { execPath: node, execArgv: [], env: plainEnv(env) });
  // Who waits for an answer is told.
  child.once('exit', (code) => code !== 0 && child.emit('error', new Error(`${args.join(' ')} ended with ${code}`)));
  await once(child, 'message');
  return child;
}

async function ask(child: ChildProcess): Promise<Sample> {
  child.send('go');
  const [sample] = (await once(child, 'message')) as [Sample];
  return sample;
}

export const nsOf = (results: Results, name: string): readonly number[] => (results[name] ?? []).map(({ ns }) => ns);
export const hooksOf = (results: Results, name: string): number => results[name]?.at(-1)?.hooks ?? NaN;
