import type { Clock, Timer } from './clock.js';

/** Named timers kept in step with a table of when each is due. */
export class Alarms<Name extends string> {
  private readonly armed = new Map<Name, { readonly timer: Timer; readonly at: number }>();
  private wanted: Partial<Record<Name, number>> = {};

  /** @param limits those for which time at a breakpoint does not count */
  constructor(
    private readonly clock: Clock,
    private readonly limits: readonly Name[],
    private readonly ring: (name: Name) => void,
  ) {}

  sync(wanted: Partial<Record<Name, number>>): void {
    this.wanted = wanted;
    for (const [name, { timer }] of this.armed) {
      if (wanted[name] !== undefined) continue;
      timer.cancel();
      this.armed.delete(name);
    }
    for (const name in wanted) this.arm(name, wanted[name]);
  }

  /** One that moved later stays armed, and looks again when it fires: a heartbeat costs no timer. */
  private arm(name: Name, at: number | undefined): void {
    if (at === undefined) return;
    const before = this.armed.get(name);
    if (before && before.at <= at) return;
    before?.timer.cancel();
    const fire = (): void => {
      this.armed.delete(name);
      const due = this.wanted[name];
      if (due !== undefined && due > at) this.arm(name, due);
      else if (due !== undefined) this.ring(name);
    };
    const timer = this.clock.after(at - this.clock.now(), fire, { limit: this.limits.includes(name) });
    this.armed.set(name, { timer, at });
  }
}
