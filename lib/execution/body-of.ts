import type { Runnable, TickRunnable } from '../contract/runnable.js';
import type { Body } from '../supervision/ports.js';
import { LoopBody } from './loop-body.js';
import type { Site } from './runtime.js';
import { TickBody } from './tick-body.js';

/** How this definition's `run` is executed. */
export const bodyOf = (site: Site, target: Runnable | TickRunnable): Body =>
  site.definition.kind.type === 'tick'
    ? new TickBody(site, target as TickRunnable)
    : new LoopBody(site, target as Runnable);
