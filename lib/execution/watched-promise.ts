/** A promise that knows whether anybody looks at how it ends. Without a `Symbol.species` of its own, which makes `then` five times dearer. */
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

export interface Watched<T> {
  readonly promise: Promise<T>;
  readonly resolve: (value: T) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * @param onEnd called once it has ended; on a failure after everybody had his chance to look, and with it where nobody did:
 * it is no unhandledRejection then
 */
export function watched<T>(onEnd: (unwatched?: { readonly error: unknown }) => void): Watched<T> {
  let settle: { readonly resolve: (value: T) => void; readonly reject: (error: unknown) => void };
  const promise = new WatchedPromise<T>((resolve, reject) => (settle = { resolve, reject }));
  return {
    promise,
    resolve(value) {
      settle.resolve(value);
      onEnd();
    },
    reject(error) {
      void Promise.prototype.then.call(promise, undefined, () => undefined);
      settle.reject(error);
      process.nextTick(() => onEnd(promise.isWatched ? undefined : { error }));
    },
  };
}
