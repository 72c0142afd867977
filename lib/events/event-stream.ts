import { Observable, Subscriber, type Observer, type Operator, type Subscription } from 'rxjs';
import type { WorkerEvent } from '../contract/events.js';
import type { EventHub } from './event-hub.js';

type Report = (error: unknown) => void;

/**
 * The events as an Observable whose direct and piped subscribers are isolated: one that throws is reported, never an
 * uncaughtException. Streams combined elsewhere (`merge(a, b)`) behave as rxjs does.
 */
export class IsolatedStream<T> extends Observable<T> {
  constructor(
    private readonly report: Report,
    subscribe?: (subscriber: Subscriber<T>) => () => void,
  ) {
    super(subscribe);
  }

  override lift<R>(operator?: Operator<T, R>): Observable<R> {
    const lifted = new IsolatedStream<R>(this.report);
    lifted.source = this;
    lifted.operator = operator as Operator<unknown, R>;
    return lifted;
  }

  override subscribe(observer?: Partial<Observer<T>>): Subscription;
  override subscribe(next: (value: T) => void): Subscription;
  override subscribe(
    next?: ((value: T) => void) | null,
    error?: ((error: unknown) => void) | null,
    complete?: (() => void) | null,
  ): Subscription;
  override subscribe(
    first?: Partial<Observer<T>> | ((value: T) => void) | null,
    error?: ((error: unknown) => void) | null,
    complete?: (() => void) | null,
  ): Subscription {
    if (first instanceof Subscriber) return super.subscribe(first);
    const observer: Partial<Observer<T>> =
      typeof first === 'function'
        ? { next: first, error: error ?? undefined, complete: complete ?? undefined }
        : (first ?? {});
    return super.subscribe({
      next: (value) => this.guarded(() => observer.next?.(value)),
      error: (failure: unknown) =>
        this.guarded(() => (observer.error ? observer.error(failure) : this.report(failure))),
      complete: () => this.guarded(() => observer.complete?.()),
    });
  }

  private guarded(call: () => void): void {
    try {
      call();
    } catch (error) {
      this.report(error);
    }
  }
}

export const eventStream = (hub: EventHub, report: Report): Observable<WorkerEvent> =>
  new IsolatedStream<WorkerEvent>(report, (subscriber) => hub.onAny((event) => subscriber.next(event)));
