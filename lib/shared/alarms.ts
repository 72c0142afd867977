import type { Clock, Timer } from './clock.js';

interface Armed<Name> {
  readonly name: Name;
  readonly timer: Timer;
  readonly at: number;
}

const LIMIT = { limit: true };
const NOTHING = {};
const NONE: readonly never[] = [];

/** Named timers kept in step with a table of when each is due. */
export class Alarms<Name extends string> {
  private armed: readonly Armed<Name>[] = NONE;
  private wanted: Partial<Record<Name, number>> = NOTHING;

  /** @param limits those for which time at a breakpoint does not count */
  constructor(
    private readonly clock: Clock,
    private readonly limits: readonly Name[],
    private readonly ringer: { ring(name: Name): void },
  ) {}

  sync(wanted: Partial<Record<Name, number>>): void {
    this.wanted = wanted;
    for (const { name } of this.armed) if (wanted[name] === undefined) this.disarm(name);
    for (const name in wanted) this.arm(name, wanted[name]);
  }

  /** One that moved later stays armed, and looks again when it fires: a heartbeat costs no timer. */
  private arm(name: Name, at: number | undefined): void {
    if (at === undefined) return;
    const before = this.armed.find((one) => one.name === name);
    if (before && before.at <= at) return;
    if (before) this.disarm(name);
    const options = this.limits.includes(name) ? LIMIT : undefined;
    const timer = this.clock.after(at - this.clock.now(), () => this.fire(name, at), options);
    this.armed = [...this.armed, { name, timer, at }];
  }

  private fire(name: Name, at: number): void {
    this.disarm(name);
    const due = this.wanted[name];
    if (due !== undefined && due > at) this.arm(name, due);
    else if (due !== undefined) this.ringer.ring(name);
  }

  private disarm(name: Name): void {
    this.armed.find((one) => one.name === name)?.timer.cancel();
    this.armed = this.armed.filter((one) => one.name !== name);
  }
}
