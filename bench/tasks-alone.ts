/** fastq in plain Node with nothing else in it: no AsyncLocalStorage makes its promises dearer. Started by tasks.ts. */
import { peers } from './tasks-peers.js';

const ROUNDS = Number(process.env['ROUNDS'] ?? 21);
const TASKS = 20_000;
const fastq = (await peers(async () => undefined)).find(({ name }) => name === 'fastq')!;
const samples: number[] = [];
for (let round = -3; round < ROUNDS; round += 1) {
  await fastq.run(TASKS);
  await new Promise((resolve) => setImmediate(resolve));
  const begun = process.cpuUsage();
  await fastq.run(TASKS);
  const { user, system } = process.cpuUsage(begun);
  if (round >= 0) samples.push(((user + system) * 1_000) / TASKS);
}
const middle = samples.sort((a, b) => a - b)[samples.length >> 1] ?? NaN;
console.log(`\nfastq in a process of its own, without any AsyncLocalStorage: ${middle.toFixed(0)} ns a task.`);
