import type { Clock, Timer } from './clock.js';

/** When each of some named timers is due; what is not named is not. */
export type Timetable<Name extends string> = Readonly<Partial<Record<Name, number>>>;

interface Ringer<Name extends string> {
  readonly timetable: Timetable<Name>;
  ring(name: Name): void;
}

/** Rings each name of a timetable when it is due, on one timer armed for the earliest. */
export class Alarm<Name extends string> {
  private timer: Timer | undefined = undefined;
  private at = 0;
  private limit = false;

  /** @param limits those for which time at a breakpoint does not count */
  constructor(
    private readonly clock: Clock,
    private readonly limits: readonly Name[],
    private readonly ringer: Ringer<Name>,
  ) {}

  /** The timetable has changed. One that moved later stays armed, and looks again when it fires: a heartbeat costs no timer. */
  sync(): void {
    const next = earliestOf(this.ringer.timetable);
    if (next && this.timer && this.at <= next.at) return;
    this.timer?.cancel();
    this.timer = undefined;
    if (next) this.arm(next, this.clock.now());
  }

  private arm({ name, at }: Due<Name>, now: number): void {
    this.at = at;
    this.limit = this.limits.includes(name);
    this.timer = this.clock.after(at - now, fired, { limit: this.limit }, this);
  }

  /** The timer has fired. */
  fired(): void {
    this.timer = undefined;
    const next = earliestOf(this.ringer.timetable);
    if (!next) return;
    if (next.at <= this.at) this.ringer.ring(next.name);
    else this.arm(next, this.limit ? this.at : this.clock.now());
  }
}

const fired = (alarm: { fired(): void }): void => alarm.fired();

interface Due<Name> {
  readonly name: Name;
  readonly at: number;
}

function earliestOf<Name extends string>(timetable: Timetable<Name>): Due<Name> | undefined {
  let earliest: Due<Name> | undefined;
  for (const name in timetable) {
    const at = timetable[name];
    if (at !== undefined && (!earliest || at < earliest.at)) earliest = { name, at };
  }
  return earliest;
}
