import { Logger, type LoggerService } from '@nestjs/common';
import type { WorkerDefinition } from '../definition/definition.js';
import type { Body, LiveBody, Run } from '../supervision/ports.js';
import type { UnitEnvironment } from '../units/environment.js';

/** A worker's body, and what all of its runs share. */
export abstract class WorkerBody implements Body {
  private lazyLogger: LoggerService | undefined = undefined;

  constructor(
    readonly environment: UnitEnvironment,
    readonly definition: WorkerDefinition,
  ) {}

  /** Runs a part of it, as code of the worker's own; a throw is a rejection. */
  run<T>(fn: () => Promise<T>): Promise<T> {
    return this.environment.inside.run(this.definition, this.label, fn);
  }

  /** The same where Node follows no contexts. */
  frame(fn: () => unknown): Promise<unknown> {
    return this.environment.inside.frame(this.definition, this.label)(fn);
  }

  /** As it shows in the stacks of errors. */
  private get label(): string {
    return `BackgroundWorker ${this.definition.name}`;
  }

  abstract start(run: Run): LiveBody;

  get logger(): LoggerService {
    return (this.lazyLogger ??= new Logger(this.definition.name));
  }
}

/** How often a sleep must beat, so that it is no stall. */
export const sliceOf = ({ heartbeatTimeout }: WorkerDefinition): number =>
  heartbeatTimeout === undefined ? Infinity : heartbeatTimeout / 2;
