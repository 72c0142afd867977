import { Logger, type LoggerService } from '@nestjs/common';
import type { WorkerDefinition } from '../definition/definition.js';
import type { Inside } from '../shared/inside.js';
import type { UnitEnvironment } from '../units/environment.js';

/** What every body of an app shares. */
export interface Runtime extends UnitEnvironment {
  readonly inside: Inside;
}

/** What every run of one worker shares. */
export interface Site {
  readonly runtime: Runtime;
  /** Also the owner of its bodies, for `Inside`. */
  readonly definition: WorkerDefinition;
  readonly logger: LoggerService;
}

export const siteOf = (runtime: Runtime, definition: WorkerDefinition): Site => ({
  runtime,
  definition,
  logger: new Logger(definition.name),
});

/** How often a sleep must beat, so that it is no stall. */
export const sliceOf = ({ heartbeatTimeout }: WorkerDefinition): number =>
  heartbeatTimeout === undefined ? Infinity : heartbeatTimeout / 2;
