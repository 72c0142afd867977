/** What a heap orders: by `due`, and it notes its place. */
export interface Due {
  readonly due: number;
  place: number;
}

/** A binary heap, the earliest first, from whose middle one can step out. */
export class Heap<T extends Due> {
  private readonly items: T[] = [];

  get first(): T | undefined {
    return this.items[0];
  }

  push(item: T): void {
    this.items.push(item);
    this.rise(item, this.items.length - 1);
  }

  /** Does nothing for one that is not in it. */
  delete(item: T): void {
    if (this.items[item.place] !== item) return;
    const last = this.items.pop();
    if (last === undefined || last === item) return;
    this.sink(last, item.place);
    this.rise(last, last.place);
  }

  private rise(item: T, from: number): void {
    let at = from;
    for (let up = (at - 1) >> 1; at > 0 && this.dueAt(up) > item.due; up = (at - 1) >> 1) at = this.move(up, at);
    this.put(item, at);
  }

  private sink(item: T, from: number): void {
    let at = from;
    for (let down = this.lesserBelow(at); this.dueAt(down) < item.due; down = this.lesserBelow(at))
      at = this.move(down, at);
    this.put(item, at);
  }

  private lesserBelow(at: number): number {
    const left = 2 * at + 1;
    return this.dueAt(left + 1) < this.dueAt(left) ? left + 1 : left;
  }

  private dueAt(place: number): number {
    return this.items[place]?.due ?? Infinity;
  }

  private move(from: number, to: number): number {
    const item = this.items[from];
    if (item) this.put(item, to);
    return from;
  }

  private put(item: T, place: number): void {
    this.items[place] = item;
    item.place = place;
  }
}
