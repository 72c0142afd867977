import type { Runnable } from '../contract/runnable.js';
import type { WorkerDefinition } from '../definition/definition.js';
import type { LiveBody, Run } from '../supervision/ports.js';
import { drive } from './drive.js';
import { Loop } from './loop.js';
import { Site, type Runtime } from './runtime.js';

/** A loop, an async generator or an Observable: `run` once, with its children and units. */
export class LoopBody extends Site {
  constructor(
    runtime: Runtime,
    definition: WorkerDefinition,
    private readonly target: Runnable,
  ) {
    super(runtime, definition);
  }

  start(run: Run): LiveBody {
    const loop = new Loop(this, run);
    this.runtime.root.run(() => loop.main(async () => await drive(this.target.run(loop), loop)));
    return loop;
  }
}
