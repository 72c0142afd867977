import type { Timer } from '../shared/clock.js';
import type { GuardPorts } from './ports.js';

/** In milliseconds. */
const EVERY = 3_000;

/**
 * One that waits is asked nothing: it looks by itself whether its watcher is gone.
 * @returns the end of that
 */
export function lookOut(ports: GuardPorts, leave: () => void): () => void {
  let timer: Timer;
  const look = (): void => {
    if (ports.isOrphaned()) leave();
    else timer = ports.clock.after(EVERY, look, { unref: true });
  };
  timer = ports.clock.after(EVERY, look, { unref: true });
  return () => timer.cancel();
}
