import { BackgroundWorker, type WorkerContext } from 'nestjs-background-worker';
import { ProbeResultsService } from '../monitors/probe-results.service.js';

const retentionMs = 24 * 60 * 60_000;
const bite = 500;

/** Deletes in small bites, because SQLite blocks the event loop: at once again while there is more, else a minute later. */
@BackgroundWorker()
export class PruneWorker {
  constructor(private readonly results: ProbeResultsService) {}

  async run(ctx: WorkerContext): Promise<never> {
    while (true) {
      const deleted = await ctx.unitOfWork(() =>
        this.results.deleteOlderThan(new Date(Date.now() - retentionMs), bite),
      );
      await ctx.sleep(deleted === bite ? 50 : 60_000);
    }
  }
}
