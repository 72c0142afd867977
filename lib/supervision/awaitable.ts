import type { Clock } from '../shared/clock.js';
import { inTime } from '../shared/in-time.js';

/** Something whose changes others wait for. */
export abstract class Awaitable {
  /** Made when first needed: nobody waits for most workers. */
  private watchers: Set<() => void> | undefined = undefined;

  constructor(private readonly clock: Clock) {}

  protected changed(): void {
    this.watchers?.forEach((watcher) => watcher());
  }

  /** Resolves once `reached` holds. */
  async until(reached: () => boolean): Promise<void> {
    await this.within(Infinity, reached);
  }

  /** @returns whether `reached` held within `ms` */
  async within(ms: number, reached: () => boolean): Promise<boolean> {
    return reached() || (await inTime(this.clock, ms, (done) => this.watch(() => reached() && done())));
  }

  /** @returns the end of the watch */
  private watch(watcher: () => void): () => void {
    const watchers = (this.watchers ??= new Set());
    watchers.add(watcher);
    return () => void watchers.delete(watcher);
  }
}
