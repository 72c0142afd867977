/** A promise that knows whether anybody looks at how it ends. */
export class WatchedPromise<T> extends Promise<T> {
  private watched = false;

  static override get [Symbol.species](): PromiseConstructor {
    return Promise;
  }

  override then<A = T, B = never>(
    fulfilled?: ((value: T) => A | PromiseLike<A>) | null,
    rejected?: ((reason: unknown) => B | PromiseLike<B>) | null,
  ): Promise<A | B> {
    this.watched = true;
    return super.then(fulfilled, rejected);
  }

  /**
   * @param onEnd called once, after everybody had his chance to look, with the failure that nobody looked at; it is no
   * unhandledRejection then
   */
  static of<T>(work: Promise<T>, onEnd: (unwatched?: { readonly error: unknown }) => void): Promise<T> {
    const promise = new WatchedPromise<T>((resolve, reject) => void work.then(resolve, reject));
    void Promise.prototype.then.call(
      promise,
      () => process.nextTick(onEnd),
      (error: unknown) => process.nextTick(() => onEnd(promise.watched ? undefined : { error })),
    );
    return promise;
  }
}
