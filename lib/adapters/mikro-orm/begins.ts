import { RequestContext } from '@mikro-orm/core';

const underWay = new WeakMap<RequestContext, Set<Promise<unknown>>>();

const outer = new WeakMap<object, object>();

/** The transaction or savepoint that was open when this one began: an EntityManager knows but the last. */
export const outerOf = (trx: object): object | undefined => outer.get(trx);
export function noteOuter(trx: object, around: object | undefined): void {
  if (around) outer.set(trx, around);
}

/** Of the current unit or request: while a transaction waits for its connection, its EntityManager does not know of it. */
export function noteBegin<T>(begun: Promise<T>): Promise<T> {
  const context = RequestContext.currentRequestContext();
  if (!context) return begun;
  const begins = underWay.get(context) ?? new Set();
  underWay.set(context, begins.add(begun));
  const forget = (): void => void begins.delete(begun);
  begun.then(forget, forget);
  return begun;
}

/** Calls back for each that comes still, when its EntityManager knows of it. */
export function eachLateBegin(then: () => Promise<unknown>): void {
  const context = RequestContext.currentRequestContext();
  for (const begun of (context && underWay.get(context)) ?? []) begun.then(then, () => undefined);
}
