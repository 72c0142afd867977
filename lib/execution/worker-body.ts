import { Logger, type LoggerService } from '@nestjs/common';
import type { WorkerDefinition } from '../definition/definition.js';
import type { Place } from '../shared/inside.js';
import type { Body, LiveBody, Run } from '../supervision/ports.js';
import type { UnitEnvironment } from '../units/environment.js';

/** A worker's body, and what all of its runs share. They run in it as their place. */
export abstract class WorkerBody implements Body, Place {
  private lazyLogger: LoggerService | undefined = undefined;

  constructor(
    readonly environment: UnitEnvironment,
    readonly definition: WorkerDefinition,
  ) {}

  get owner(): WorkerDefinition {
    return this.definition;
  }

  get outer(): undefined {
    return undefined;
  }

  abstract start(run: Run): LiveBody;

  get logger(): LoggerService {
    return (this.lazyLogger ??= new Logger(this.definition.name));
  }
}

/** How often a sleep must beat, so that it is no stall. */
export const sliceOf = ({ heartbeatTimeout }: WorkerDefinition): number =>
  heartbeatTimeout === undefined ? Infinity : heartbeatTimeout / 2;
