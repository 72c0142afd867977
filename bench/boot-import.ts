/** Imports one package in a fresh process, started by boot.ts: its name, and `nest` where Nest is loaded before. Prints JSON. */
const [, , name = '', before] = process.argv;
if (before === 'nest') for (const one of ['reflect-metadata', '@nestjs/common', '@nestjs/core']) await import(one);

const used = process.cpuUsage();
const begun = performance.now();
await import(name);
const ms = performance.now() - begun;
const { user, system } = process.cpuUsage(used);
console.log(JSON.stringify({ ms, cpu: (user + system) / 1_000 }));

/** Milliseconds. */
export interface Import {
  readonly ms: number;
  readonly cpu: number;
}
