import type { Timer } from '../shared/clock.js';
import type { GuardPorts } from './ports.js';

/** Between the deadline of a worker and the end of the hooks that wait for it, in milliseconds. */
const AFTER_STOP = 1_000;

/** By when a closing app will have ended: a drain has its time, a hook that hangs has less, for somebody waits for the ports. */
export class AnnouncedEnd {
  private readonly since: number;
  private timer: Timer | undefined;

  constructor(private readonly ports: GuardPorts) {
    this.since = ports.clock.now();
  }

  /** On the clock's scale, and the option that sets it. */
  get is(): { readonly at: number; readonly option: string } {
    const { shutdownTimeout, handoverTimeout } = this.ports;
    const drained = (this.ports.stopsBy() ?? 0) + AFTER_STOP;
    const hooks = this.since + 0.8 * handoverTimeout;
    const last = this.since + shutdownTimeout;
    if (last <= Math.max(hooks, drained)) return { at: last, option: `shutdownTimeout (${shutdownTimeout} ms)` };
    return drained > hooks
      ? { at: drained, option: 'stopTimeout' }
      : { at: hooks, option: `0.8 of guard.handoverTimeout (${handoverTimeout} ms)` };
  }

  /** Calls back when it is past; a worker may have got more time meanwhile. */
  arm(past: () => void): void {
    const { clock } = this.ports;
    const look = (): void => {
      this.timer = undefined;
      if (clock.now() < this.is.at - 1) this.arm(past);
      else past();
    };
    this.timer ??= clock.after(Math.max(0, this.is.at - clock.now()), look, { unref: true });
  }

  cancel(): void {
    this.timer?.cancel();
  }
}
