import type { WorkerDefinition } from '../definition/definition.js';
import type { Policy } from './machine/machine.js';
import { nameOf, type Gate, type Part } from './ports.js';

/** A whole worker without gates, as most are, goes by its definition itself: a copy is a third of what a worker takes. */
export const policyOf = (definition: WorkerDefinition, gates: readonly Gate[], part: Part | undefined): Policy =>
  gates.length === 0 && part === undefined
    ? definition
    : { ...definition, name: nameOf({ worker: definition.name, part }), gates: gates.map(({ on }) => on) };
