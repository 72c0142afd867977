import type { WorkerDefinition } from '../definition/definition.js';
import type { Keepers } from './keepers.js';
import type { Body, Part } from './ports.js';
import type { Units } from './registry.js';
import { Supervisor, type SupervisorPorts } from './supervisor.js';

/** A worker that is one unit: itself. */
export const WHOLE = [undefined] as const;

/** The supervised units of a worker: one a part, each before the gates that are kept for it, and with a body of its own. */
export function makeUnits(
  definition: WorkerDefinition,
  parts: readonly [Part | undefined, ...Part[]],
  keepers: Keepers,
  bodyOf: (part: Part | undefined) => Body,
  ports: SupervisorPorts,
): Units {
  const unitOf = (part: Part | undefined): Supervisor => {
    const gates = keepers.gatesOf({ worker: definition.name, part });
    return new Supervisor(definition, gates, bodyOf(part), ports, part);
  };
  const [first, ...others] = parts;
  return [unitOf(first), ...others.map(unitOf)];
}
