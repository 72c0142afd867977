import { deferred, handled } from '../shared/deferred.js';
import { BackgroundWorkerError } from '../shared/errors.js';

/** Where the app is in its life: what is asked for before it has booted is kept until then. */
export class Stage {
  private is: 'before' | 'open' | 'closing' = 'before';
  private readonly left = deferred();

  get isOpen(): boolean {
    return this.is === 'open';
  }

  get isClosing(): boolean {
    return this.is === 'closing';
  }

  open(): void {
    if (this.is === 'before') this.is = 'open';
    this.left.resolve();
  }

  close(): void {
    this.is = 'closing';
    this.left.resolve();
  }

  /** Rejects with `BGW_SHUTTING_DOWN` once the app stops. */
  whenOpen<T>(fn: () => Promise<T>): Promise<T> {
    switch (this.is) {
      case 'open':
        return fn();
      case 'before':
        return handled(this.left.promise.then(() => this.whenOpen(fn)));
      case 'closing':
        return handled(Promise.reject(shuttingDown()));
      default:
        return this.is satisfies never;
    }
  }

  /** @throws BackgroundWorkerError `BGW_SHUTTING_DOWN` */
  assertNotClosing(): void {
    if (this.isClosing) throw shuttingDown();
  }
}

const shuttingDown = (): BackgroundWorkerError =>
  new BackgroundWorkerError('BGW_SHUTTING_DOWN', 'the app is shutting down: no worker starts any more');
