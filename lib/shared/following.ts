import { AsyncLocalStorage, AsyncResource } from 'node:async_hooks';

/** Async contexts cost nothing more here, and an async scope restores all of what it found. */
export const HAS_CONTEXT_FRAMES = !('_enable' in AsyncLocalStorage.prototype);

/** A promise that was made while Node's promise hooks are on has it. */
const ASYNC_ID = Object.getOwnPropertySymbols(new AsyncResource('BackgroundWorker')).find(
  ({ description }) => description === 'async_id_symbol',
);

let following = HAS_CONTEXT_FRAMES;

/**
 * Whether Node follows async contexts. Elsewhere than with context frames the first AsyncLocalStorage that is entered makes
 * every promise of the process several times dearer, so it must not be ours: this waits until somebody else has done it.
 */
export const isFollowing = (): boolean => following;

/** The same, as seen at a promise that was just made. */
export function lookAt(made: Promise<unknown>): boolean {
  following ||= ASYNC_ID !== undefined && Object.hasOwn(made, ASYNC_ID);
  return following;
}

const never = (): void => undefined;

/** The same, as it is now. */
export const look = (): boolean => following || lookAt(new Promise(never));
