import type { Runnable, TickRunnable } from '../contract/runnable.js';
import type { WorkerDefinition } from '../definition/definition.js';
import type { Body } from '../supervision/ports.js';
import type { UnitEnvironment } from '../units/environment.js';
import { LoopBody } from './loop-body.js';
import { TickBody } from './tick-body.js';

/** How this definition's `run` is executed. */
export function bodyOf(
  environment: UnitEnvironment,
  definition: WorkerDefinition,
  target: Runnable | TickRunnable,
): Body {
  const { kind } = definition;
  switch (kind.type) {
    case 'tick':
      return new TickBody(environment, definition, target as TickRunnable);
    case 'loop':
      return new LoopBody(environment, definition, target as Runnable);
    default:
      return kind satisfies never;
  }
}
