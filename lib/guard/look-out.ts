import type { GuardPorts } from './ports.js';

/** In milliseconds. */
const EVERY = 3_000;

export const goneLine = (successor: number | undefined): string =>
  `the watcher of this process is gone${successor === undefined ? '' : `, and pid ${successor} has the workers`}: it ends`;

/** One that waits is asked nothing: it looks by itself whether its watcher is gone. */
export function lookOut(ports: GuardPorts, isOver: () => boolean, leave: () => void): void {
  const look = (): void => {
    if (isOver()) return;
    if (ports.isOrphaned()) leave();
    else lookOut(ports, isOver, leave);
  };
  ports.clock.after(EVERY, look, { unref: true });
}
