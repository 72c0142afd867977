import type { DynamicModule, INestApplication, INestApplicationContext, LoggerService, Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { afterEach, vi } from 'vitest';
import {
  BackgroundWorkerModule,
  BackgroundWorkers,
  type BackgroundWorkerModuleOptions,
  type WorkerHandle,
} from '../../../lib/index.js';

type Level = 'error' | 'fatal' | 'warn' | 'log' | 'verbose' | 'debug';
type ModuleLike = Type<unknown> | DynamicModule;

/** Keeps what the library logs. */
export class Lines implements LoggerService {
  readonly entries: { readonly level: Level; readonly text: string; readonly from: unknown }[] = [];

  readonly log = this.at('log');
  readonly error = this.at('error');
  readonly warn = this.at('warn');
  readonly debug = this.at('debug');
  readonly verbose = this.at('verbose');
  readonly fatal = this.at('fatal');

  /** Those of the library, at these levels (all by default). */
  of(...levels: Level[]): string[] {
    return this.entries
      .filter(({ level, from }) => from === 'BackgroundWorker' && (levels.length === 0 || levels.includes(level)))
      .map(({ text }) => text);
  }

  /** The one line that matches. */
  one(pattern: RegExp): string {
    const found = this.of().filter((text) => pattern.test(text));
    if (found.length !== 1) throw new Error(`${found.length} lines match ${pattern}; all:\n${this.of().join('\n')}`);
    return found[0]!;
  }

  private at(level: Level) {
    return (message: unknown, ...more: unknown[]): void =>
      void this.entries.push({ level, text: String(message), from: more.at(-1) });
  }
}

const opened = new Set<{ close(): Promise<unknown> }>();

/** Closed after the test, whatever becomes of it. */
export function closing<T extends { close(): Promise<unknown> }>(app: T): T {
  opened.add(app);
  return app;
}

afterEach(async () => {
  const apps = [...opened];
  opened.clear();
  await Promise.allSettled(apps.map(async (app) => await app.close()));
});

export const kinds = ['express', 'fastify', 'context'] as const;
export type Kind = (typeof kinds)[number];

/** An HTTP application that was not initialised. */
export async function createHttp(
  module: ModuleLike,
  logger = new Lines(),
  kind: Kind = 'express',
): Promise<INestApplication> {
  const options = { logger, abortOnError: false };
  return closing(
    kind === 'fastify'
      ? await NestFactory.create<NestFastifyApplication>(module, new FastifyAdapter(), options)
      : await NestFactory.create(module, options),
  );
}

export interface Booted {
  readonly app: INestApplicationContext;
  readonly workers: BackgroundWorkers;
  readonly lines: Lines;
  /** Of an HTTP application. */
  readonly url: string;
  /** The only one, unless it is said which. */
  readonly handle: (worker?: string | Type<unknown>) => WorkerHandle;
}

/** A running application, as `main.ts` would boot it. */
export async function boot(module: ModuleLike, kind: Kind = 'context'): Promise<Booted> {
  const lines = new Lines();
  let app: INestApplicationContext;
  let url = '';
  if (kind === 'context') {
    app = closing(await NestFactory.createApplicationContext(module, { logger: lines, abortOnError: false }));
  } else {
    const http = await createHttp(module, lines, kind);
    await http.listen(0, '127.0.0.1');
    url = await http.getUrl();
    app = http;
  }
  const workers = app.get(BackgroundWorkers, { strict: false });
  return { app, workers, lines, url, handle: (worker) => handleOf(workers, worker) };
}

function handleOf(workers: BackgroundWorkers, worker?: string | Type<unknown>): WorkerHandle {
  if (worker !== undefined) return workers.get(worker);
  const [only, ...others] = workers.list();
  if (!only || others.length > 0) throw new Error(`not one worker, but ${workers.list().length}`);
  return only;
}

/** A root module with these providers; workers start, although this is a test runner. */
export function rootWith(
  providers: NonNullable<DynamicModule['providers']>,
  options: BackgroundWorkerModuleOptions = {},
  more: Partial<DynamicModule> = {},
): DynamicModule {
  class RootModule {}
  return {
    ...more,
    module: RootModule,
    imports: [BackgroundWorkerModule.forRoot({ enabled: true, ...options }), ...(more.imports ?? [])],
    providers,
  };
}

export const bootWith = (
  providers: NonNullable<DynamicModule['providers']>,
  options?: BackgroundWorkerModuleOptions,
  more?: Partial<DynamicModule>,
  kind?: Kind,
): Promise<Booted> => boot(rootWith(providers, options, more), kind);

/** Waits for a state of things. */
export const until = (what: string, holds: () => boolean, timeout = 10_000): Promise<void> =>
  vi.waitFor(
    () => {
      if (!holds()) throw new Error(`waited in vain: ${what}`);
    },
    { timeout, interval: 5 },
  );

/** What a promise rejects with; of one that doesn't, an error. */
export async function rejection(promise: Promise<unknown>): Promise<Error & { code?: string }> {
  let value: unknown;
  try {
    value = await promise;
  } catch (error) {
    return error as Error & { code?: string };
  }
  throw new Error(`expected a rejection, got ${String(value)}`);
}

export const get = (url: string): Promise<Response> => fetch(url, { headers: { connection: 'close' } });

/** Something that a test lets happen, or waits for. */
export class Latch {
  readonly opened: Promise<void>;
  isOpen = false;
  private resolve!: () => void;

  constructor() {
    this.opened = new Promise((resolve) => (this.resolve = resolve));
  }

  readonly open = (): void => {
    this.isOpen = true;
    this.resolve();
  };
}
