/**
 * A promise that knows whether anybody looks at how it ends. Without a `Symbol.species` of its own, which makes `then` five
 * times dearer.
 */
class WatchedPromise<T> extends Promise<T> {
  isWatched = false;

  override then<A = T, B = never>(
    fulfilled?: ((value: T) => A | PromiseLike<A>) | null,
    rejected?: ((reason: unknown) => B | PromiseLike<B>) | null,
  ): Promise<A | B> {
    this.isWatched = true;
    return super.then(fulfilled, rejected);
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
const ignore = (): void => undefined;

/** The end of something that somebody may look at. */
export class Watched<T> {
  readonly promise: Promise<T> & { readonly isWatched: boolean } = new WatchedPromise<T>(keep);
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
    void Promise.prototype.then.call(this.promise, undefined, ignore);
    this.settle.reject(error);
    process.nextTick(() => this.onEnd(this.promise.isWatched ? undefined : { error }));
  }
}
