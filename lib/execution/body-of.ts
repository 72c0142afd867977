import type { Runnable, TickRunnable } from '../contract/runnable.js';
import type { WorkerDefinition } from '../definition/definition.js';
import type { Body } from '../supervision/ports.js';
import { LoopBody } from './loop-body.js';
import type { Runtime } from './runtime.js';
import { TickBody } from './tick-body.js';

/** How this definition's `run` is executed. */
export const bodyOf = (runtime: Runtime, definition: WorkerDefinition, target: Runnable | TickRunnable): Body =>
  definition.kind.type === 'tick'
    ? new TickBody(runtime, definition, target as TickRunnable)
    : new LoopBody(runtime, definition, target as Runnable);
