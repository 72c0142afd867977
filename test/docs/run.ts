import { spawn } from 'node:child_process';
import { setImmediate } from 'node:timers/promises';
import { Module, type LoggerService, type Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { filter, firstValueFrom, map, merge, of } from 'rxjs';
import { BackgroundWorkerModule, BackgroundWorkers, type WorkerHandle } from 'nestjs-background-worker';
import { plainEnv } from '../support/plain-env.js';

/** Keeps what went wrong. */
class Complaints implements LoggerService {
  readonly lines: string[] = [];
  readonly error = (message: unknown): void => void this.lines.push(String(message));
  readonly warn = this.error;
  readonly fatal = this.error;
  log(): void {}
}

/** A module of what an example exports. */
export function moduleOf(exported: Record<string, unknown>): Type<unknown> {
  const providers = Object.values(exported).filter((value): value is Type<unknown> => typeof value === 'function');
  class ExampleModule {}
  Module({ imports: [BackgroundWorkerModule], providers })(ExampleModule);
  return ExampleModule;
}

/** Boots it, sees each of its workers at work, and closes it. Rejects when anything was amiss. */
export async function bootAndStop(module: Type<unknown>): Promise<void> {
  const complaints = new Complaints();
  const app = await NestFactory.createApplicationContext(module, { logger: complaints, abortOnError: false });
  try {
    const workers = app.get(BackgroundWorkers);
    const settledIn = merge(of(undefined), workers.events$).pipe(
      map(() => workers.list()),
      filter((handles) => complaints.lines.length > 0 || handles.every(isSettledIn)),
    );
    await firstValueFrom(settledIn);
    // By then a loop has come to its first real wait.
    await setImmediate();
    for (const { name, state } of workers.list())
      if (state.failures > 0 || state.status === 'failed') complaints.error(`${name} has failed`);
  } finally {
    await app.close();
  }
  if (complaints.lines.length > 0) throw new Error(complaints.lines.join('\n'));
}

function isSettledIn({ name, state }: WorkerHandle): boolean {
  switch (state.status) {
    case 'running':
      return state.ready;
    case 'waiting':
      return state.on === 'schedule';
    case 'stopped':
      if (state.reason !== 'completed') throw new Error(`${name} is stopped: ${state.reason}`);
      return true;
    default:
      return state.status === 'failed';
  }
}

export interface Ended {
  readonly output: string;
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** Runs a program; once it has printed `until`, tells it to stop, as a service manager does. */
export function runUntil(path: string, until: string): Promise<Ended> {
  const child = spawn(process.execPath, [path], { env: plainEnv({ PORT: '0' }), stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  let told = false;
  const heard = (text: string): void => {
    output += text;
    if (told || !output.includes(until)) return;
    told = true;
    child.kill('SIGTERM');
  };
  child.stdout.setEncoding('utf8').on('data', heard);
  child.stderr.setEncoding('utf8').on('data', heard);
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, signal) => resolve({ output, code, signal }));
  });
}
