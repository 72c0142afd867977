/** What can stand in a queue, in one at a time. */
export interface Link<T> {
  before: T | undefined;
  after: T | undefined;
}

/** A linked queue: nothing is allocated for a place in it, and one can step out of the middle. */
export class Fifo<T extends Link<T>> {
  private first: T | undefined;
  private last: T | undefined;
  length = 0;

  push(item: T): void {
    item.before = this.last;
    item.after = undefined;
    if (this.last) this.last.after = item;
    else this.first = item;
    this.last = item;
    this.length += 1;
  }

  shift(): T | undefined {
    const { first } = this;
    if (first) this.delete(first);
    return first;
  }

  /** The item must be in this queue. */
  delete(item: T): void {
    if (item.before) item.before.after = item.after;
    else this.first = item.after;
    if (item.after) item.after.before = item.before;
    else this.last = item.before;
    item.before = item.after = undefined;
    this.length -= 1;
  }
}
