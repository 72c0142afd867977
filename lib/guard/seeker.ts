import type { Socket } from 'node:net';
import { messageOf } from '../shared/errors.js';
import { Bootstrap } from './bootstrap.js';
import { converse } from './conversation.js';
import type { GuardEvent, Named } from './guard-event.js';
import { arrival, hear, heardOf, lenderIn, namedIn, stoppedForUs, type Heard, type Turn } from './heard.js';
import type { Holder } from './holder.js';
import type { Followed } from './look.js';
import { Once } from './once.js';
import { Pace } from './pace.js';
import { Pause } from './pause.js';
import type { GuardPorts, Place, SeekerDuty } from './ports.js';
import type { Answer } from './protocol.js';

/** How long the endpoint must be free before one who waits takes it from those that come and go, in milliseconds. */
const PATIENCE = 3_000;
/** For one who was promised it to come, in milliseconds. */
const BRIEF = 300;
/** Between two looks for it. */
const AGAIN = 20;
/** How long a holder may take to prove itself, before another connection is tried. */
const PROOF = 10_000;

/** The side that asks: takes the places where they are free, else asks their holders, again and again. */
export class Seeker {
  private readonly pause: Pause;
  private readonly bootstrap: Bootstrap;
  private socket: Socket | undefined;
  private over = false;
  private turn: Turn;
  private last: Heard | undefined;
  private readonly pace = new Pace();
  private readonly once: Once;

  /**
   * @param holder what is taken becomes its
   * @param displaced by this one, which is to go first; absent for a newcomer
   * @param followed the app whose end was waited for already
   */
  constructor(
    private readonly ports: GuardPorts,
    private readonly holder: Holder,
    private readonly duty: SeekerDuty,
    private readonly displaced: Named | undefined,
    followed: Followed | undefined,
  ) {
    this.last = followed && heardOf(followed, followed.since);
    this.turn = displaced ? 'promised' : 'mine';
    this.once = new Once(ports);
    this.pause = new Pause(ports.clock);
    this.bootstrap = new Bootstrap(ports, () => this.late());
  }

  get lender(): Named | undefined {
    return stoppedForUs(this.last);
  }

  run(): Promise<void> {
    void this.seek().then(() => (this.over ? this.bootstrap.leave() : this.bootstrap.goOn()));
    return this.bootstrap.wait();
  }

  end(): void {
    this.over = true;
    this.bootstrap.leave();
    this.socket?.destroy();
    this.pause.end();
  }

  private async seek(): Promise<void> {
    while (!this.over) {
      try {
        if (await this.round()) return;
      } catch (error) {
        this.say({ type: 'broken', message: messageOf(error), retries: true });
        this.bootstrap.goOn();
        await this.pause.rest(PATIENCE);
      }
    }
  }

  /** @returns whether all places are ours */
  private async round(): Promise<boolean> {
    this.ports.check();
    if (this.turn !== 'mine' && !(await this.isMyTurn())) return false;
    for (const place of this.ports.places) {
      if (this.holder.has(place) || this.duty.isKeptHere(place)) continue;
      const held = await place.endpoint.hold((socket) => this.holder.serve(place, socket));
      if (held) {
        this.holder.add(place, held);
        if (!this.over) continue;
        this.holder.giveBack();
        return true;
      }
      const socket = await place.endpoint.reach();
      if (socket) await this.ask(place, socket);
      else await this.pause.rest(1);
      return false;
    }
    this.win();
    return true;
  }

  private async isMyTurn(): Promise<boolean> {
    const { clock, places } = this.ports;
    const brief = this.turn === 'promised';
    for (const until = clock.now() + BRIEF; ;) {
      for (const place of places) {
        const socket = this.duty.isKeptHere(place) ? undefined : await place.endpoint.reach();
        if (socket) {
          await this.ask(place, socket);
          return false;
        }
      }
      await this.pause.rest(brief ? AGAIN : PATIENCE);
      if (this.over || !brief || clock.now() > until) break;
    }
    this.turn = 'mine';
    return !this.over;
  }

  private win(): void {
    this.duty.won(lenderIn(this.last));
    const event = arrival(this.last, this.displaced, this.ports.clock.now());
    if (event) this.ports.tell(event);
  }

  private async ask(place: Place, socket: Socket): Promise<void> {
    const { clock, me } = this.ports;
    this.socket = socket;
    if (this.over) return void socket.destroy();
    const begun = clock.now();
    const proof = { timeout: PROOF, attempt: this.pace.failures };
    const ended = await converse(this.ports, place, socket, { type: 'ask', ...me }, proof, (answer) =>
      this.heard(answer),
    );
    await this.after(this.pace.next(ended, clock.now() - begun));
  }

  private async after({ rest, strange }: ReturnType<Pace['next']>): Promise<void> {
    if (strange) {
      const note = this.ports.notes.read();
      this.say({ type: 'strange', why: strange, note });
      if (note) this.duty.waitsFor(note);
      this.bootstrap.goOn();
    }
    if (rest > 0) await this.pause.rest(rest);
  }

  private heard(answer: Answer): 'on' | 'enough' {
    this.bootstrap.heard(answer);
    const { heard, turn } = hear(answer, this.last, this.ports.clock.now());
    this.last = heard;
    this.turn = turn;
    if ('entry' in answer && answer.type !== 'released') this.duty.waitsFor(answer);
    if (answer.type === 'kept') this.holder.giveBack();
    if (answer.type === 'kept' || answer.type === 'passed') this.kept(answer);
    if (answer.type === 'stuck') this.say({ type: 'cannotStop', holder: answer, workers: answer.workers });
    return answer.type === 'released' ? 'enough' : 'on';
  }

  private kept(holder: Named): void {
    if (this.ports.isOrphaned()) return this.duty.orphaned(holder);
    if (this.displaced?.pid !== holder.pid) this.say({ type: 'waitingForHolder', holder });
  }

  private late(): void {
    const holder = namedIn(this.last);
    if (holder) this.say({ type: 'late', holder });
    else if (this.socket?.destroyed === false)
      this.say({ type: 'strange', why: 'silent', note: this.ports.notes.read() });
  }

  private say(event: GuardEvent): void {
    if (!this.over) this.once.tell(event);
  }
}
