/** The peers, each through its own usual call: all tasks pushed at once, at most 64 at a time, every result awaited. */
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';
import { from, lastValueFrom, mergeMap } from 'rxjs';

export const CONCURRENCY = 64;
export type Work = () => Promise<void>;

export interface Contender {
  readonly name: string;
  /** Runs so many tasks; resolves when all have ended. */
  readonly run: (count: number) => Promise<unknown>;
  /** Pushes so many that do not end, for the memory of those that wait. The results are kept, by all alike. */
  readonly hold?: (count: number, work: Work) => { ended(): Promise<unknown> };
}

const times = <T>(count: number, make: () => T): T[] => Array.from({ length: count }, make);

type Done = (error: unknown) => void;
interface Fastq {
  (work: (given: null, done: Done) => void, at: number): { push(given: null, done: Done): void };
  promise(work: Work, at: number): { push(): Promise<void> };
}

/** BGW_PEERS: a directory with a node_modules of its own, for peers that are not installed here. */
async function load<T>(name: string): Promise<T> {
  const at = process.env['BGW_PEERS'];
  return (await import(at ? pathToFileURL(createRequire(`${at}/`).resolve(name)).href : name)) as T;
}

export async function peers(work: Work): Promise<readonly Contender[]> {
  const { default: fastq } = await load<{ default: Fastq }>('fastq');
  // oxlint-disable-next-line promise/no-callback-in-promise -- its other API
  const bare = fastq((_, done) => void work().then(() => done(null), done), CONCURRENCY);
  const { default: async } = await load<{
    default: { queue(work: Work, at: number): { push(one: object): Promise<void> } };
  }>('async');
  const { default: pLimit } = await load<{ default: (at: number) => (fn: Work) => Promise<void> }>('p-limit');
  const { default: PQueue } = await load<{ default: new (options: object) => { add(fn: Work): Promise<void> } }>(
    'p-queue',
  );
  const queues = { fastq: fastq.promise(work, CONCURRENCY), async: async.queue(work, CONCURRENCY) };
  const [limit, queue] = [pLimit(CONCURRENCY), new PQueue({ concurrency: CONCURRENCY })];
  return [
    { name: 'bare call', run: (count) => Promise.all(times(count, work)) },
    {
      name: 'fastq',
      run: (count) => Promise.all(times(count, () => queues.fastq.push())),
      hold: (count, stuck) => {
        const held = fastq.promise(stuck, CONCURRENCY);
        const results = times(count, () => held.push());
        return { ended: () => Promise.all(results) };
      },
    },
    {
      name: 'fastq, callbacks, no result',
      run: (count) =>
        new Promise<void>((resolve) => {
          let left = count;
          for (let index = 0; index < count; index += 1) bare.push(null, () => (--left === 0 ? resolve() : undefined));
        }),
    },
    { name: 'async.queue', run: (count) => Promise.all(times(count, () => queues.async.push({}))) },
    {
      name: 'rxjs mergeMap',
      run: (count) => lastValueFrom(from(times(count, () => 0)).pipe(mergeMap(work, CONCURRENCY))),
    },
    { name: 'p-limit', run: (count) => Promise.all(times(count, () => limit(work))) },
    {
      name: 'p-queue',
      run: (count) => Promise.all(times(count, () => queue.add(work))),
      hold: (count, stuck) => {
        const held = new PQueue({ concurrency: CONCURRENCY });
        const results = times(count, () => held.add(stuck));
        return { ended: () => Promise.all(results) };
      },
    },
  ];
}
