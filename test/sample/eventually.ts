import { setTimeout as sleep } from 'node:timers/promises';

/** Asks again until there is an answer. */
export async function eventually<T>(what: string, ask: () => Promise<T | undefined>, within = 10_000): Promise<T> {
  const deadline = Date.now() + within;
  while (Date.now() < deadline) {
    const answer = await ask();
    if (answer !== undefined) return answer;
    await sleep(50);
  }
  throw new Error(`Waited ${within} ms in vain for ${what}`);
}
