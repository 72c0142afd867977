import { AsyncResource } from 'node:async_hooks';
import { HAS_CONTEXT_FRAMES, isFollowing } from './following.js';

/** Runs a function, with what it is given, in a certain async context. */
export type Within = <A extends unknown[], R>(fn: (...given: A) => R, ...given: A) => R;

/** The async context that an app's background work begins in, each time in a copy: nothing of a request leaks in, and nothing out. */
export class RootContext {
  private at = new AsyncResource('BackgroundWorker');
  private spare = new AsyncResource('BackgroundWork');

  /** From now on it is the caller's. */
  moveHere(): void {
    this.at = new AsyncResource('BackgroundWorker');
    this.spare = new AsyncResource('BackgroundWork');
  }

  readonly run: Within = HAS_CONTEXT_FRAMES
    ? (fn, ...given) => this.at.runInAsyncScope(fn, undefined, ...given)
    : (fn, ...given) => this.at.runInAsyncScope(inCopy<typeof given, ReturnType<typeof fn>>, undefined, fn, given);

  /** For what begins many units, and enters nothing itself. As long as nobody has written to any context they share a copy. */
  runRow(fn: () => void): void {
    if (HAS_CONTEXT_FRAMES) fn();
    else (isFollowing() ? this.at : this.spare).runInAsyncScope(fn);
  }
}

const inCopy = <A extends unknown[], R>(fn: (...given: A) => R, given: A): R =>
  new AsyncResource('BackgroundWork').runInAsyncScope(fn, undefined, ...given);
