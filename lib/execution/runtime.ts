import { Logger, type LoggerService } from '@nestjs/common';
import type { WorkerDefinition } from '../definition/definition.js';
import type { Inside } from '../shared/inside.js';
import type { UnitEnvironment } from '../units/environment.js';

/** What every body of an app shares. */
export interface Runtime extends UnitEnvironment {
  readonly inside: Inside;
}

/** What every run of one worker shares. The definition is also the owner of its bodies, for `Inside`. */
export class Site {
  private lazyLogger: LoggerService | undefined = undefined;

  constructor(
    readonly runtime: Runtime,
    readonly definition: WorkerDefinition,
  ) {}

  get logger(): LoggerService {
    return (this.lazyLogger ??= new Logger(this.definition.name));
  }
}

/** How often a sleep must beat, so that it is no stall. */
export const sliceOf = ({ heartbeatTimeout }: WorkerDefinition): number =>
  heartbeatTimeout === undefined ? Infinity : heartbeatTimeout / 2;
