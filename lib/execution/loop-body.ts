import type { Runnable } from '../contract/runnable.js';
import type { WorkerDefinition } from '../definition/definition.js';
import type { LiveBody, Run } from '../supervision/ports.js';
import type { UnitEnvironment } from '../units/environment.js';
import { drive } from './drive.js';
import { Loop } from './loop.js';
import { WorkerBody } from './worker-body.js';

/** A loop, an async generator or an Observable: `run` once, with its children and units. */
export class LoopBody extends WorkerBody {
  constructor(
    environment: UnitEnvironment,
    definition: WorkerDefinition,
    private readonly target: Runnable,
  ) {
    super(environment, definition);
  }

  start(run: Run): LiveBody {
    const loop = new Loop(this, run);
    this.environment.root.run(() => loop.main(async () => await drive(this.target.run(loop), loop)));
    return loop;
  }
}
