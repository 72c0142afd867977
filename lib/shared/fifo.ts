/** What can stand in a queue, in one at a time. */
export interface Link<T> {
  before: T | undefined;
  after: T | undefined;
}

/** A linked queue: nothing is allocated for a place in it, and one can step out of the middle. */
export class Fifo<T extends Link<T>> implements Iterable<T> {
  private head: T | undefined = undefined;
  private tail: T | undefined = undefined;
  length = 0;

  push(item: T): void {
    const { tail } = this;
    item.before = tail;
    if (tail) tail.after = item;
    else this.head = item;
    this.tail = item;
    this.length += 1;
  }

  shift(): T | undefined {
    const { head } = this;
    if (head) this.delete(head);
    return head;
  }

  /** The item must be in this queue. */
  delete(item: T): void {
    const { before, after } = item;
    if (before) before.after = after;
    else this.head = after;
    if (after) after.before = before;
    else this.tail = before;
    item.before = item.after = undefined;
    this.length -= 1;
  }

  /** The current item may leave the queue meanwhile. */
  *[Symbol.iterator](): Generator<T> {
    for (let at = this.head; at;) {
      const { after } = at;
      yield at;
      at = after;
    }
  }
}
