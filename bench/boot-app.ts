/**
 * One boot, in a process of its own: `boot.ts` starts it with the name of a variant and reads one line of JSON.
 * Providers are real classes, eight methods each, in 50 modules; none of the variants has more providers than another.
 */
import 'reflect-metadata';
import { Inject, Injectable, Module, type DynamicModule, type Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';

export type Variant = 'bare' | 'ours-0' | 'ours-1000' | 'ours-1000-late' | 'schedule-0' | 'schedule-1000';

/** Times in milliseconds, heap in bytes. */
export interface Boot {
  readonly boot: number;
  /** Processor time of the boot: what a busy machine disturbs least. */
  readonly cpu: number;
  readonly heap: number;
}

const MODULES = 50;
const PROVIDERS = 100;
const WORKERS_PER_MODULE = 20;
const HOUR = 3_600_000;

/** Makes provider number `index` of its module do background work. */
type Mark = (provider: Type<Provider>, index: number) => void;

interface Provider {
  run(): Promise<void>;
}

function makeProvider(name: string): Type<Provider> {
  const made = class implements Provider {
    async run(): Promise<void> {}
    two(): string {
      return name;
    }
    three(): number {
      return name.length;
    }
    four(): void {}
    five(): void {}
    six(): void {}
    seven(): void {}
    eight(): void {}
  };
  Object.defineProperty(made, 'name', { value: name });
  Injectable()(made);
  return made;
}

function makeModule(number: number, mark: Mark): Type<unknown> {
  const providers = Array.from({ length: PROVIDERS }, (_, index) => makeProvider(`Provider${number}x${index}`));
  const [first] = providers;
  for (const [index, provider] of providers.entries()) {
    if (index > 0 && first) Inject(first)(provider, 'first');
    if (index < WORKERS_PER_MODULE) mark(provider, index);
  }
  const made = class {};
  Module({ providers })(made);
  return made;
}

interface Setup {
  readonly imports: readonly (Type<unknown> | DynamicModule)[];
  readonly mark: Mark;
}

const unmarked: Mark = () => undefined;

async function setupOf(variant: Variant): Promise<Setup> {
  switch (variant) {
    case 'bare':
      return { imports: [], mark: unmarked };
    case 'ours-0':
      return await ours(undefined);
    case 'ours-1000':
      return await ours(HOUR);
    case 'ours-1000-late':
      return await ours({ rate: HOUR, initialDelay: HOUR });
    case 'schedule-0':
      return await schedule(unmarked);
    case 'schedule-1000': {
      const { Interval } = await import('@nestjs/schedule');
      return await schedule((provider) => {
        const { prototype } = provider as { prototype: object };
        Interval(HOUR)(prototype, 'run', Object.getOwnPropertyDescriptor(prototype, 'run')!);
      });
    }
  }
}

async function schedule(mark: Mark): Promise<Setup> {
  const { ScheduleModule } = await import('@nestjs/schedule');
  return { imports: [ScheduleModule.forRoot()], mark };
}

async function ours(every: number | { rate: number; initialDelay: number } | undefined): Promise<Setup> {
  const { BackgroundWorker, BackgroundWorkerModule } = await import('nestjs-background-worker');
  const mark: Mark = (provider) => BackgroundWorker({ every: every ?? HOUR })(provider);
  return { imports: [BackgroundWorkerModule], mark: every === undefined ? unmarked : mark };
}

async function measure(variant: Variant): Promise<Boot> {
  const { imports, mark } = await setupOf(variant);
  const modules = Array.from({ length: MODULES }, (_, number) => makeModule(number, mark));
  const root = class {};
  Module({ imports: [...imports, ...modules] })(root);
  globalThis.gc?.();

  const used = process.cpuUsage();
  const from = performance.now();
  // Warnings and errors only: how fast a terminal prints is no part of the question.
  const app = await NestFactory.createApplicationContext(root, { logger: ['warn', 'error'] });
  const boot = performance.now() - from;
  const { user, system } = process.cpuUsage(used);

  // First runs that were begun at bootstrap settle in microtasks; then only what stays is counted.
  await new Promise((resolve) => setImmediate(resolve));
  globalThis.gc?.();
  const heap = process.memoryUsage().heapUsed;
  await app.close();
  return { boot, cpu: (user + system) / 1_000, heap };
}

console.log(JSON.stringify(await measure(process.argv[2] as Variant)));
