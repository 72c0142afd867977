import { AsyncResource } from 'node:async_hooks';

/** Runs a function, with what it is given, in a certain async context. */
export type Within = <A extends unknown[], R>(fn: (...given: A) => R, ...given: A) => R;

/** The async context that an app's background work begins in, each time in a copy: nothing of a request leaks in, and nothing out. */
export class RootContext {
  private at = new AsyncResource('BackgroundWorker');

  /** From now on it is the caller's. */
  moveHere(): void {
    this.at = new AsyncResource('BackgroundWorker');
  }

  readonly run: Within = (fn, ...given) =>
    this.at.runInAsyncScope(inCopy<typeof given, ReturnType<typeof fn>>, undefined, fn, given);

  /** Not in a copy: for what enters nothing itself. */
  readonly runPlain = (fn: () => void): void => this.at.runInAsyncScope(fn);

  /** In a microtask, never in the caller's stack. */
  readonly defer = (fn: () => void): void => this.at.runInAsyncScope(inMicrotask, undefined, fn);
}

const inCopy = <A extends unknown[], R>(fn: (...given: A) => R, given: A): R =>
  new AsyncResource('BackgroundWork').runInAsyncScope(fn, undefined, ...given);

const NOW = Promise.resolve();
const inMicrotask = (fn: () => void): void => void NOW.then(fn);
