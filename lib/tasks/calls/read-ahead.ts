import type { TaskHandle } from '../../contract/tasks.js';
import { handled, isThenable } from '../../shared/deferred.js';

/** A task whose result is to be taken; or what failed in its place. */
type Begun<T> = Pick<TaskHandle<T>, 'result' | 'cancel'>;

const failed = (thrown: unknown): Begun<never> => ({ result: handled(Promise.reject(thrown)), cancel: () => false });

/** Begins a task for each item of a source, at most so many before they are taken. Failures stand in the place of results. */
export class ReadAhead<I, T> {
  readonly begun: Begun<T>[] = [];
  /** None once there is nothing more to read. */
  private source: Iterator<I> | AsyncIterator<I> | undefined;
  private reading: Promise<undefined> | undefined;

  constructor(
    items: Iterable<I> | AsyncIterable<I>,
    private readonly submit: (item: I) => TaskHandle<T>,
    private readonly ahead: number,
  ) {
    this.source = Symbol.asyncIterator in items ? items[Symbol.asyncIterator]() : items[Symbol.iterator]();
  }

  get isOver(): boolean {
    return !this.source && this.begun.length === 0;
  }

  /** As far as it may. @returns what has to be waited for before there can be more; never rejects */
  read(): Promise<undefined> | undefined {
    while (this.source && !this.reading && this.begun.length < this.ahead) this.readOne(this.source);
    return this.reading;
  }

  /** Cancels what was not taken. A source that is being asked may never answer: that it closes is not waited for then. */
  async close(): Promise<void> {
    const { source, reading } = this;
    this.source = undefined;
    for (const one of this.begun) one.cancel();
    const closed = handled((async () => await source?.return?.())());
    if (!reading) await closed;
  }

  private readOne(source: Iterator<I> | AsyncIterator<I>): void {
    try {
      const step = source.next();
      if (isThenable(step)) this.reading = this.readLater(step);
      else this.take(step);
    } catch (error) {
      this.fail(error);
    }
  }

  private async readLater(step: PromiseLike<IteratorResult<I>>): Promise<undefined> {
    try {
      this.take(await step);
    } catch (error) {
      this.fail(error);
    }
    this.reading = undefined;
  }

  private take({ done, value }: IteratorResult<I>): void {
    if (done) this.source = undefined;
    else if (this.source) this.begun.push(this.begin(value));
  }

  private fail(error: unknown): void {
    this.source = undefined;
    this.begun.push(failed(error));
  }

  private begin(item: I): Begun<T> {
    try {
      const task = this.submit(item);
      void task.result;
      return task;
    } catch (error) {
      return failed(error);
    }
  }
}
