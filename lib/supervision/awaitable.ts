import type { Clock } from '../shared/clock.js';

const NOBODY: ReadonlySet<() => void> = new Set();

/** Something whose changes others wait for. */
export abstract class Awaitable {
  private watchers: ReadonlySet<() => void> = NOBODY;

  constructor(private readonly clock: Clock) {}

  protected changed(): void {
    for (const watcher of this.watchers) watcher();
  }

  /** Resolves once `reached` holds. */
  async until(reached: () => boolean): Promise<void> {
    await this.within(Infinity, reached);
  }

  /** @returns whether `reached` held within `ms` */
  within(ms: number, reached: () => boolean): Promise<boolean> {
    if (reached()) return Promise.resolve(true);
    return new Promise((resolve) => {
      const settle = (is: boolean): void => {
        end();
        timer?.cancel();
        resolve(is);
      };
      const end = this.watch(() => (reached() ? settle(true) : undefined));
      const timer = ms === Infinity ? undefined : this.clock.after(ms, () => settle(false));
    });
  }

  /** @returns the end of the watch */
  private watch(watcher: () => void): () => void {
    this.watchers = new Set([...this.watchers, watcher]);
    return () => (this.watchers = new Set([...this.watchers].filter((one) => one !== watcher)));
  }
}
