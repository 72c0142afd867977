import type { Observable } from 'rxjs';
import { isThenable } from '../shared/deferred.js';

/** What a driver needs of the body that it runs in. */
export interface Driven {
  /** A sign of life. */
  beat(): void;
  asked(): boolean;
  /** Calls back when stop is asked; at once if it was. */
  onAsk(callback: () => void): void;
}

const has = (value: unknown, key: PropertyKey): value is Record<PropertyKey, unknown> =>
  typeof value === 'object' && value !== null && typeof (value as Record<PropertyKey, unknown>)[key] === 'function';

const isIterable = (value: unknown): value is AsyncIterable<unknown> | Iterable<unknown> =>
  has(value, Symbol.asyncIterator) || (has(value, Symbol.iterator) && has(value, 'next'));

/** Runs to its end whatever `run` returned: a promise, an iterable, an Observable (known by its methods: rxjs may be here twice). */
export async function drive(value: unknown, body: Driven): Promise<void> {
  if (isThenable(value)) return await drive(await value, body);
  if (isIterable(value)) return await iterate(value, body);
  if (has(value, 'subscribe')) return await observe(value as unknown as Observable<unknown>, body);
}

/** Each yield is a sign of life and a place to stop at; a generator is never cut in the middle. */
async function iterate(iterable: AsyncIterable<unknown> | Iterable<unknown>, body: Driven): Promise<void> {
  for await (const _ of iterable) {
    body.beat();
    if (body.asked()) break;
  }
}

function observe(observable: Observable<unknown>, body: Driven): Promise<void> {
  return new Promise((resolve, reject) => {
    const subscription = observable.subscribe({ next: () => body.beat(), error: reject, complete: resolve });
    body.onAsk(() => {
      subscription.unsubscribe();
      resolve();
    });
  });
}
