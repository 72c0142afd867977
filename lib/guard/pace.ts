import type { Ended } from './conversation.js';
import type { Strange } from './guard-event.js';
import { growing } from './pause.js';

/** Between a connection that was closed on us and the next, in milliseconds. */
const AGAIN = 20;

/** How soon a holder is asked again: one that cannot be asked with growing pauses, at most once a second. */
export class Pace {
  failures = 0;

  /** @param lasted how long the connection did, in milliseconds */
  next(ended: Ended, lasted: number): { readonly rest: number; readonly strange?: Strange } {
    if (ended === 'heard') {
      this.failures = 0;
      return { rest: 0 };
    }
    const first = this.failures === 0;
    // A connection that had lasted has ended because its holder did: the endpoint is free now.
    if (ended === 'mute') return { rest: lasted < AGAIN ? growing(this.failures++) : 0 };
    this.failures++;
    if (ended === 'silent') return { rest: 0 };
    // It may know another of this user's secrets, or have closed just now.
    return first && ended !== 'other-version' ? { rest: 0 } : { rest: 1_000, strange: ended };
  }
}
