import { AsyncLocalStorage } from 'node:async_hooks';
import { asyncFrame, isWithin, type AsyncFrame } from './async-frame.js';
import { isFollowing, look } from './following.js';

/** Knows whose body the current code runs in, so that nobody waits for himself; as far as it can be known for free. */
export class Inside {
  private store: AsyncLocalStorage<object> | undefined;
  /** Of those that were not followed. */
  private readonly frames = new WeakMap<object, AsyncFrame>();
  private calling: object | undefined;
  private blind = 0;

  /** A body, or a part of it. Where it throws, the promise rejects. */
  async run<R>(owner: object, label: string, fn: () => Promise<R>): Promise<R> {
    if (look()) return await this.stores.run(owner, fn);
    this.blind += 1;
    try {
      return await this.frame(owner, label)(fn);
    } finally {
      this.blind -= 1;
    }
  }

  /**
   * From here to the end of the async scope that the caller has made for it.
   * @returns whether it is followed; `left` is to be called for one that is not
   */
  enter(owner: object): boolean {
    if (isFollowing()) this.stores.enterWith(owner);
    else this.blind += 1;
    return isFollowing();
  }

  left(): void {
    this.blind -= 1;
  }

  /** What awaits the function's result is found, in one that is not followed. */
  frame(owner: object, label: string): AsyncFrame {
    let frame = this.frames.get(owner);
    if (!frame) this.frames.set(owner, (frame = asyncFrame(label)));
    return frame;
  }

  /** Of one that is not followed only the call itself is known: no frame, for what is too cheap to have one. */
  call<R, G>(owner: object, fn: (given: G) => R, given: G): R {
    const { calling } = this;
    this.calling = owner;
    try {
      return fn(given);
    } finally {
      this.calling = calling;
    }
  }

  of(owner: object): boolean {
    if (this.store?.getStore() === owner || this.calling === owner) return true;
    const frame = this.frames.get(owner);
    return frame !== undefined && isWithin(frame);
  }

  /** Whether `of` may have missed it: a timer's callback, or a call that was not awaited. */
  isBlindTo(owner: object): boolean {
    return this.frames.has(owner);
  }

  /** Whose body it is, as far as that is known without looking at the stack. */
  get owner(): object | undefined {
    return this.store?.getStore() ?? this.calling;
  }

  /** Whether it is, or may be, anybody's body: some that live are not followed. */
  get mayBe(): boolean {
    return this.blind > 0 || this.owner !== undefined;
  }

  /** Made late: on some Nodes that alone switches the promise hooks on. */
  private get stores(): AsyncLocalStorage<object> {
    return (this.store ??= new AsyncLocalStorage());
  }
}
