import { AsyncLocalStorage } from 'node:async_hooks';

/** Somebody's code, within that of another. */
export interface Place {
  readonly owner: object;
  readonly outer: Place | undefined;
}

/** Knows whose body the current code runs in, so that nobody waits for himself. */
export class Inside {
  private readonly place = new AsyncLocalStorage<Place>();

  run<R>(owner: object, fn: () => R): R {
    return this.place.run({ owner, outer: this.place.getStore() }, fn);
  }

  /** From here to the end of the async scope that the caller has made for it. */
  enter(place: Place): void {
    this.place.enterWith(place);
  }

  of(owner: object): boolean {
    return this.some((one) => one === owner);
  }

  some(is: (owner: object) => boolean): boolean {
    for (let at = this.place.getStore(); at; at = at.outer) if (is(at.owner)) return true;
    return false;
  }
}
