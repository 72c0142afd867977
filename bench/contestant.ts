/** What a contestant's process tells of one sample. */
export interface Sample {
  /** Processor time of one operation, the collector's and the compiler's threads included. */
  readonly ns: number;
  /** Symbols on a new promise: 3 where Node 20 and 22 follow promises for an AsyncLocalStorage, else 0. */
  readonly hooks: number;
}

const hooks = (): number => Object.getOwnPropertySymbols(new Promise(() => undefined)).length;

/** Runs once unmeasured and once measured whenever contest.ts asks; the process ends when it has asked enough. */
export function contend(operations: number, run: () => Promise<unknown>): void {
  const sample = async (): Promise<Sample> => {
    await run();
    await new Promise((resolve) => setImmediate(resolve));
    const before = process.cpuUsage();
    await run();
    const { user, system } = process.cpuUsage(before);
    return { ns: ((user + system) * 1_000) / operations, hooks: hooks() };
  };
  process.on('message', () => void sample().then((taken) => process.send?.(taken)));
  process.once('disconnect', () => process.exit());
  process.send?.('ready');
}
