import { Logger, type LoggerService } from '@nestjs/common';
import type { WorkerDefinition } from '../definition/definition.js';
import type { Inside } from '../shared/inside.js';
import type { Body, LiveBody, Run } from '../supervision/ports.js';
import type { UnitEnvironment } from '../units/environment.js';

/** What every body of an app shares. */
export interface Runtime extends UnitEnvironment {
  readonly inside: Inside;
}

/** A worker's body, and what all of its runs share. The definition is also their owner, for `Inside`. */
export abstract class Site implements Body {
  private lazyLogger: LoggerService | undefined = undefined;

  constructor(
    readonly runtime: Runtime,
    readonly definition: WorkerDefinition,
  ) {}

  abstract start(run: Run): LiveBody;

  get logger(): LoggerService {
    return (this.lazyLogger ??= new Logger(this.definition.name));
  }
}

/** How often a sleep must beat, so that it is no stall. */
export const sliceOf = ({ heartbeatTimeout }: WorkerDefinition): number =>
  heartbeatTimeout === undefined ? Infinity : heartbeatTimeout / 2;
