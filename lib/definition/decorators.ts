import { Injectable } from '@nestjs/common';
import type { Runnable, TickRunnable } from '../contract/runnable.js';
import { addMetadata } from './metadata.js';
import type { LoopOptions, TickOptions, WorkerOptions } from './options.js';

type ClassOf<R> = abstract new (...args: never[]) => R;

/**
 * Makes a provider a worker: it starts when the app has booted, is restarted with backoff when it fails, and is drained
 * before anything it depends on is destroyed. Implies `@Injectable()`. Options are validated when the app starts.
 */
export function BackgroundWorker(options: TickOptions): <C extends ClassOf<TickRunnable>>(target: C) => void;
export function BackgroundWorker(options?: LoopOptions): <C extends ClassOf<Runnable>>(target: C) => void;
export function BackgroundWorker(options: WorkerOptions = {}): (target: ClassOf<unknown>) => void {
  return (target) => {
    Injectable()(target);
    addMetadata(target, { worker: options });
  };
}
