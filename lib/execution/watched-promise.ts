import { handled } from '../shared/deferred.js';

/**
 * A promise that knows whether anybody looks at how it ends: `await`, `then` and all others read its `constructor` first, and
 * with that of plain promises they make no promise more than for a plain one.
 */
class WatchedPromise<T> extends Promise<T> {
  isWatched = false;

  override get ['constructor'](): PromiseConstructor {
    this.isWatched = true;
    return Promise;
  }

  /** That it fails is no unhandledRejection. */
  forgive(): void {
    const { isWatched } = this;
    void handled(this);
    this.isWatched = isWatched;
  }
}

interface Settle {
  readonly resolve: (value: never) => void;
  readonly reject: (error: unknown) => void;
}

let last: Settle;
/** An executor for all: no closure a promise for what is over before anything else runs. */
const keep = (resolve: (value: never) => void, reject: (error: unknown) => void): void => {
  last = { resolve, reject };
};

/** The end of something that somebody may look at. */
export class Watched<T> {
  readonly promise = new WatchedPromise<T>(keep);
  private readonly settle = last;

  /**
   * @param onEnd called once it has ended; on a failure after everybody had his chance to look, and with it where nobody did:
   * it is no unhandledRejection then
   */
  constructor(private readonly onEnd: (unwatched?: { readonly error: unknown }) => void) {}

  follow(work: Promise<T>): void {
    void work.then(
      (value) => this.resolve(value),
      (error: unknown) => this.reject(error),
    );
  }

  resolve(value: T): void {
    this.settle.resolve(value as never);
    this.onEnd();
  }

  reject(error: unknown): void {
    this.promise.forgive();
    this.settle.reject(error);
    process.nextTick(() => this.onEnd(this.promise.isWatched ? undefined : { error }));
  }
}
