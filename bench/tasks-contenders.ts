/** The contenders, each through its own usual call: all tasks pushed at once, at most 64 at a time. Each loads only itself. */
import 'reflect-metadata';
import { Module, type ModuleMetadata } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';

export const CONCURRENCY = 64;
export type Work = () => Promise<void>;

export interface Contender {
  /** Runs so many tasks; resolves when all have ended. */
  readonly run: (count: number) => Promise<unknown>;
  /** Pushes so many that do not end, for the memory of those that wait. The results are kept, by all alike. */
  readonly hold?: (count: number, stuck: Work) => { ended(): Promise<unknown> };
}

export const times = <T>(count: number, make: () => T): T[] => Array.from({ length: count }, make);
const all = (results: readonly Promise<unknown>[]) => ({ ended: () => Promise.all(results) });

/** The app around a contender: the same for all but for our module. */
async function boot(metadata: ModuleMetadata) {
  class Root {}
  Module(metadata)(Root);
  return await NestFactory.createApplicationContext(Root, { logger: ['error'] });
}

export async function bootOurs(queue: number, providers: ModuleMetadata['providers'] = []) {
  const ours = await import('nestjs-background-worker');
  const options = { enabled: true, pool: { concurrency: CONCURRENCY, queue } };
  const app = await boot({ imports: [ours.BackgroundWorkerModule.forRoot(options)], providers });
  return { app, tasks: app.get(ours.BackgroundTasks), workers: app.get(ours.BackgroundWorkers) };
}

let left = 0;
let onEnd = (): void => undefined;
/** The task of all. */
export const work: Work = async () => {
  left -= 1;
  if (left === 0) onEnd();
};

/** Nobody awaits a result: the tasks' own count says when all have ended. */
const counted = (count: number, push: () => unknown): Promise<void> =>
  new Promise((resolve) => {
    left = count;
    onEnd = resolve;
    for (let index = 0; index < count; index += 1) push();
  });

/** @param queue how many may wait in ours */
type Make = (queue: number) => Promise<Contender>;

const OURS: Readonly<Record<string, Make>> = {
  async 'submit, results awaited'(queue) {
    const { tasks } = await bootOurs(queue);
    return {
      run: (count) => Promise.all(times(count, () => tasks.submit(work).result)),
      hold: (count, stuck) => all(times(count, () => tasks.submit(stuck).result)),
    };
  },
  async 'submit, results awaited, events$ read'(queue) {
    const { tasks, workers } = await bootOurs(queue);
    workers.events$.subscribe(() => undefined);
    return { run: (count) => Promise.all(times(count, () => tasks.submit(work).result)) };
  },
  async 'submit, fire-and-forget'(queue) {
    const { tasks } = await bootOurs(queue);
    return { run: (count) => counted(count, () => tasks.submit(work)) };
  },
};

const PEERS: Readonly<Record<string, Make>> = {
  'bare call': () => Promise.resolve({ run: (count) => Promise.all(times(count, work)) }),
  async fastq() {
    const { default: fastq } = await import('fastq');
    const queue = fastq.promise(work, CONCURRENCY);
    return {
      run: (count) => Promise.all(times(count, () => queue.push(undefined))),
      hold(count, stuck) {
        const held = fastq.promise(stuck, CONCURRENCY);
        return all(times(count, () => held.push(undefined)));
      },
    };
  },
  async 'fastq, callbacks, no result'() {
    const { default: fastq } = await import('fastq');
    // oxlint-disable-next-line promise/no-callback-in-promise -- its other API
    const queue = fastq((_: null, done) => void work().then(() => done(null), done), CONCURRENCY);
    return { run: (count) => counted(count, () => queue.push(null)) };
  },
  async 'async.queue'() {
    // Its types know neither async workers nor promises of `push`.
    const { default: async } = (await import('async')) as unknown as {
      default: { queue(work: Work, at: number): { push(one: object): Promise<void> } };
    };
    const queue = async.queue(work, CONCURRENCY);
    return { run: (count) => Promise.all(times(count, () => queue.push({}))) };
  },
  async 'rxjs mergeMap'() {
    const { from, lastValueFrom, mergeMap } = await import('rxjs');
    return { run: (count) => lastValueFrom(from(times(count, () => 0)).pipe(mergeMap(work, CONCURRENCY))) };
  },
  async 'p-limit'() {
    const { default: pLimit } = await import('p-limit');
    const limit = pLimit(CONCURRENCY);
    return { run: (count) => Promise.all(times(count, () => limit(work))) };
  },
  async 'p-queue'() {
    const { default: PQueue } = await import('p-queue');
    const queue = new PQueue({ concurrency: CONCURRENCY });
    return {
      run: (count) => Promise.all(times(count, () => queue.add(work))),
      hold(count, stuck) {
        const held = new PQueue({ concurrency: CONCURRENCY });
        return all(times(count, () => held.add(stuck)));
      },
    };
  },
};

export const NAMES: readonly string[] = [...Object.keys(PEERS), ...Object.keys(OURS)];

export async function contender(name: string, queue: number): Promise<Contender> {
  if (name in PEERS) await boot({});
  return await (PEERS[name] ?? OURS[name])!(queue);
}
