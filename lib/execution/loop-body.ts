import type { Runnable } from '../contract/runnable.js';
import type { Body, LiveBody, Run } from '../supervision/ports.js';
import { drive } from './drive.js';
import { Loop } from './loop.js';
import type { Site } from './runtime.js';

/** A loop, an async generator or an Observable: `run` once, with its children and units. */
export class LoopBody implements Body {
  constructor(
    private readonly site: Site,
    private readonly target: Runnable,
  ) {}

  start(run: Run): LiveBody {
    const loop = new Loop(this.site, run);
    this.site.runtime.root(() => loop.main(async () => await drive(this.target.run(loop), loop)));
    return loop;
  }
}
