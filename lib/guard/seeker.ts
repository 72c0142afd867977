import type { Socket } from 'node:net';
import { messageOf } from '../shared/errors.js';
import { Bootstrap } from './bootstrap.js';
import { converse, type Ended } from './conversation.js';
import type { Named } from './guard-event.js';
import type { Holder } from './holder.js';
import type { Followed } from './look.js';
import { Pause, growing } from './pause.js';
import type { GuardPorts, Place } from './ports.js';
import type { Answer } from './protocol.js';

/** How long the endpoint must be free before one who waits takes it from those that come and go, in milliseconds. */
const PATIENCE = 3_000;
/** For one who was promised it to come, in milliseconds. */
const BRIEF = 300;
/** Between a connection that was closed on us and the next. */
const AGAIN = 20;
/** How long a holder may take to prove itself, before another connection is tried. */
const PROOF = 10_000;

/** Who goes first where the endpoint is free: `me`, somebody who was promised it, or whoever comes within the patience. */
type Turn = 'mine' | 'promised' | 'patient';

interface Duty {
  /** @param from one that runs on */
  won(from: Named | undefined): void;
  /** A newer process has the workers, and nobody else will stop this one. */
  orphaned(by: Named): void;
  /** Who has a place. */
  waitsFor(holder: Named): void;
  /** Another app of this process keeps the place. */
  isKeptHere(place: Place): boolean;
}

/** The side that asks: takes the places where they are free, else asks their holders, again and again. */
export class Seeker {
  private readonly pause: Pause;
  private readonly bootstrap: Bootstrap;
  private socket: Socket | undefined;
  private over = false;
  private turn: Turn;
  private last: { readonly since: number; readonly of: Answer & Partial<Named>; readonly settled: boolean } | undefined;
  private failures = 0;
  private readonly said = new Set<string>();

  /**
   * @param holder what is taken becomes its
   * @param displaced by this one, which is to go first; absent for a newcomer
   * @param followed the app whose end was waited for already
   */
  constructor(
    private readonly ports: GuardPorts,
    private readonly holder: Holder,
    private readonly duty: Duty,
    private readonly displaced: Named | undefined,
    followed: Followed | undefined,
  ) {
    const of = followed && {
      type: 'released' as const,
      pid: followed.pid,
      entry: followed.entry,
      ms: 0,
      closing: true,
    };
    this.last = followed && of && { since: followed.since, of, settled: true };
    this.turn = displaced ? 'promised' : 'mine';
    this.pause = new Pause(ports.clock);
    this.bootstrap = new Bootstrap(ports, () => this.late());
  }

  /** Resolves when bootstrap may go on. */
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
        if (this.over) this.holder.giveBack();
        if (this.over) return true;
        continue;
      }
      const socket = await place.endpoint.reach();
      if (socket) await this.ask(place, socket);
      else await this.pause.rest(1);
      return false;
    }
    this.win();
    return true;
  }

  /** As one who waits: only what stays free is taken. */
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
    const { tell, clock } = this.ports;
    const { last } = this;
    const from = named(last?.of);
    const isRunning = last?.of.type === 'released' && !last.of.closing;
    this.duty.won(isRunning ? from : undefined);
    if (!last && this.displaced) tell({ type: 'cameBack', from: this.displaced, settled: false });
    if (!last || !from) return;
    const { of, since, settled } = last;
    if (!('closing' in of)) tell({ type: 'cameBack', from, settled });
    else
      tell({
        type: 'tookOver',
        from,
        ms: clock.now() - since,
        how: of.closing ? 'closing' : isRunning ? 'running' : 'ended',
      });
  }

  private async ask(place: Place, socket: Socket): Promise<void> {
    const { clock, me } = this.ports;
    this.socket = socket;
    if (this.over) return void socket.destroy();
    const begun = clock.now();
    const proof = { timeout: PROOF, attempt: this.failures };
    const ended = await converse(this.ports, place, socket, { type: 'ask', ...me }, proof, (answer) =>
      this.heard(answer),
    );
    await this.after(ended, clock.now() - begun);
  }

  /** A holder that cannot be asked is asked again with growing pauses, at most once a second. */
  private async after(ended: Ended, lasted: number): Promise<void> {
    if (ended === 'heard') {
      this.failures = 0;
      // One that had lasted has ended because its holder did: the endpoint is free now.
      if (lasted < AGAIN) await this.pause.rest(AGAIN);
      return;
    }
    const first = this.failures++ === 0;
    const isStrange = ended !== 'mute' && ended !== 'silent';
    // It may know another of this user's secrets, or have closed just now.
    if (isStrange && first) return;
    if (isStrange) {
      const note = this.ports.notes.read();
      this.say({ type: 'strange', why: ended, note });
      if (note) this.duty.waitsFor(note);
      this.bootstrap.goOn();
    }
    await this.pause.rest(isStrange ? 1_000 : growing(this.failures));
  }

  private heard(answer: Answer): 'on' | 'enough' {
    const { clock } = this.ports;
    this.bootstrap.heard(answer);
    const since = this.last?.since ?? clock.now();
    const before = this.last?.of;
    if ('entry' in answer && answer.type !== 'released') this.duty.waitsFor(answer);
    switch (answer.type) {
      case 'kept':
        this.last = { since, of: answer, settled: answer.settled ?? true };
        this.turn = this.last.settled ? 'patient' : 'mine';
        this.holder.giveBack();
        this.kept(answer);
        return 'on';
      case 'passed':
        this.last = { since, of: answer, settled: false };
        this.turn = 'promised';
        this.kept(answer);
        return 'on';
      case 'settled':
        if (before) this.last = { since, of: before, settled: true };
        this.turn = 'patient';
        return 'on';
      case 'draining':
      case 'stuck':
        this.last = { since, of: answer, settled: true };
        this.turn = 'mine';
        if (answer.type === 'stuck') this.say({ type: 'cannotStop', holder: answer, workers: answer.workers });
        return 'on';
      case 'released':
        this.last = { since, of: answer, settled: true };
        this.turn = 'mine';
        return 'enough';
      case 'open':
        return 'on';
      default:
        return answer satisfies never;
    }
  }

  private kept(holder: Named): void {
    if (this.ports.isOrphaned()) return this.duty.orphaned(holder);
    if (this.displaced?.pid !== holder.pid) this.say({ type: 'waitingForHolder', holder });
  }

  /** Bootstrap has waited long enough. */
  private late(): void {
    const holder = named(this.last?.of);
    if (holder) this.say({ type: 'late', holder });
    else if (this.socket?.destroyed === false)
      this.say({ type: 'strange', why: 'silent', note: this.ports.notes.read() });
  }

  /** Each thing once. */
  private say(event: Parameters<GuardPorts['tell']>[0]): void {
    const what = JSON.stringify([event.type, 'holder' in event ? event.holder.pid : 'why' in event ? event.why : '']);
    if (!this.said.has(what) && !this.over) this.ports.tell(event);
    this.said.add(what);
  }
}

const named = (answer: (Answer & Partial<Named>) | undefined): Named | undefined =>
  answer?.entry === undefined ? undefined : { pid: answer.pid, entry: answer.entry };
