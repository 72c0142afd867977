import type { EventHub } from './event-hub.js';

/** Calls what the app has given. That it throws or rejects is a line in the log, no more. */
export function callBack(hub: EventHub, what: string, call: () => unknown): void {
  const failed = (error: unknown): void => hub.note({ type: 'callbackThrew', what, error });
  void (async () => await call())().catch(failed);
}
