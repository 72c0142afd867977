import type { Timer } from '../shared/clock.js';
import { deferred } from '../shared/deferred.js';
import type { GuardPorts } from './ports.js';
import { PROGRESS, type Answer } from './protocol.js';

/** When bootstrap says what it waits for, in milliseconds. */
export const SAYS = 1_000;

/** How long bootstrap is held up: while the holder closes and goes on to say so. Silence ends it. */
export class Bootstrap {
  private readonly gone = deferred();
  private silence: Timer | undefined;
  private says: Timer | undefined;
  private last: Answer | undefined;
  private over = false;

  /** @param late bootstrap has waited long enough */
  constructor(
    private readonly ports: GuardPorts,
    private readonly late: () => void,
  ) {}

  wait(): Promise<void> {
    const { clock } = this.ports;
    if (!this.over) {
      this.arm();
      this.says = clock.after(SAYS, () => this.say(), { unref: true });
    }
    return this.gone.promise;
  }

  heard(answer: Answer): void {
    this.last = answer;
    if ((answer.type === 'draining' || answer.type === 'stuck') && answer.closing) this.arm();
    else if (answer.type !== 'released') this.goOn();
  }

  goOn(): void {
    this.leave();
    this.gone.resolve();
  }

  /** The app closes, or ends: it is not to go on. */
  leave(): void {
    this.over = true;
    this.silence?.cancel();
    this.says?.cancel();
  }

  private arm(): void {
    if (this.over) return;
    const { clock, handoverTimeout } = this.ports;
    this.silence?.cancel();
    const end = (): void => {
      this.late();
      this.goOn();
    };
    // One that closes says so once a second.
    const ms = this.last ? Math.max(2 * PROGRESS, handoverTimeout) : handoverTimeout;
    this.silence = clock.after(ms, end, { unref: true });
  }

  private say(): void {
    const { last, ports } = this;
    const endsIn = last && 'endsIn' in last ? last.endsIn : undefined;
    ports.tell({ type: 'bootWaits', for: last && 'entry' in last ? last : ports.notes.read(), endsIn });
  }
}
