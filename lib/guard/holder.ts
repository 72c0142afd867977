import type { Socket } from 'node:net';
import type { Channel } from '../endpoint/channel.js';
import type { Held } from '../endpoint/endpoint.js';
import type { Timer } from '../shared/clock.js';
import { AnnouncedEnd } from './announced-end.js';
import { Audience } from './audience.js';
import { Hand } from './hand.js';
import type { GuardPorts, HolderDuty, Place } from './ports.js';
import { PROGRESS, isNewer, type Ask } from './protocol.js';
import { receive } from './reception.js';
import { standingOf } from './standing.js';

type Phase =
  /** Some of the places are still another's; no worker has passed. */
  | { readonly type: 'partial' }
  | { readonly type: 'holding' }
  | { readonly type: 'yielding'; readonly since: number }
  | { readonly type: 'released' };

/** The side that has what others ask for. */
export class Holder {
  private phase: Phase = { type: 'partial' };
  private app: { readonly type: 'open' } | { readonly type: 'closing' | 'closed'; readonly end: AnnouncedEnd } = {
    type: 'open',
  };
  private readonly hand = new Hand();
  private readonly audience = new Audience();
  private ceding = false;
  private progress: Timer | undefined;

  constructor(
    private readonly ports: GuardPorts,
    private readonly duty: HolderDuty,
  ) {}

  has(place: Place): boolean {
    return this.hand.has(place);
  }

  add(place: Place, held: Held): void {
    if (this.phase.type === 'released') held.release();
    else this.hand.take(place, held);
  }

  complete(): void {
    if (this.phase.type === 'partial') this.phase = { type: 'holding' };
  }

  /** Another keeps a place: those that were taken before are given back. */
  giveBack(): void {
    if (this.phase.type === 'partial') this.hand.open();
  }

  /** The app is past its start: it has bound its ports, or has none. */
  settle(): void {
    this.audience.settle(this.ports.me);
  }

  serve(place: Place, socket: Socket): void {
    const left = (channel: Channel): void => this.audience.leave(channel);
    const take = (...asked: Parameters<Holder['take']>): boolean => this.take(...asked);
    void receive(this.ports, place, socket, { take, left }).catch(() => socket.destroy());
  }

  close(): void {
    this.closes('closing');
    this.report();
    this.check();
  }

  appClosed(): void {
    this.closes('closed');
    this.check();
  }

  private closes(type: 'closing' | 'closed'): void {
    const end = this.app.type === 'open' ? new AnnouncedEnd(this.ports) : this.app.end;
    this.app = { type, end };
  }

  /** Takes the gate from the workers, and releases once nothing of them lives. */
  yield(): void {
    if (this.phase.type !== 'partial' && this.phase.type !== 'holding') return;
    this.phase = { type: 'yielding', since: this.ports.clock.now() };
    if (this.app.type === 'open') this.duty.stop();
    this.report();
    this.check();
  }

  /** Releases as soon as nothing lives any more. */
  check(): void {
    const { phase, app } = this;
    const wanted = phase.type === 'yielding' || app.type === 'closed';
    if (phase.type === 'released' || !wanted || app.type === 'closing' || this.ceding) return;
    const living = this.duty.living();
    if (living.length === 0) this.release(phase);
    else if (app.type === 'closed') this.exit(living);
  }

  private take(place: Place, channel: Channel, ask: Ask): boolean {
    const { me } = this.ports;
    if (this.phase.type === 'released') return false;
    // Apps of one process know each other.
    const isOwn = ask.type === 'look' && ask.pid === me.pid && ask.started === me.started;
    const leaves = !isOwn && this.leaves(ask);
    if (leaves || (this.app.type !== 'open' && !isOwn) || (ask.type === 'ask' && isNewer(ask, me))) {
      this.audience.ask(channel, ask);
      if (ask.type === 'ask' && place.type === 'lineage') this.cede();
      if (ask.type === 'look' || this.phase.type === 'yielding') this.report();
      else this.yield();
      this.check();
    } else if (ask.type === 'look') channel.send({ type: 'open', pid: me.pid });
    else this.audience.keep(channel, me);
    return true;
  }

  private cede(): void {
    this.ceding = true;
    const over = (): void => {
      this.ceding = false;
      this.check();
    };
    void this.duty.cede().then(over, over);
  }

  /** A watcher that is gone has left old code behind: its app closes, whoever asks. */
  private leaves(ask: Ask): boolean {
    if (this.app.type !== 'open' || !this.ports.isOrphaned()) return false;
    this.ports.tell({ type: 'watcherGone', successor: ask.type === 'ask' ? ask : undefined });
    this.closes('closing');
    this.ports.closeApp();
    return true;
  }

  /** Tells those who wait how far it is, now and once a second; while the app closes, its end is sure. */
  private report(): void {
    this.progress?.cancel();
    if (this.phase.type === 'released' || this.audience.first === undefined) return;
    const end = this.app.type === 'open' ? undefined : this.app.end;
    this.audience.tellProgress(standingOf(this.ports, this.duty.living(), end));
    end?.arm(() => this.exit(this.duty.living()));
    this.progress = this.ports.clock.after(PROGRESS, () => this.report(), { unref: true });
  }

  private release(phase: Phase): void {
    const { clock, me } = this.ports;
    const closing = this.app.type !== 'open';
    const ms = phase.type === 'yielding' ? clock.now() - phase.since : 0;
    this.phase = { type: 'released' };
    this.progress?.cancel();
    if (this.app.type !== 'open') this.app.end.cancel();
    this.hand.open();
    const to = this.audience.release({ type: 'released', pid: me.pid, entry: me.entry, ms, closing });
    if (to) this.ports.tell({ type: 'handedOver', to, ms, closing });
    this.duty.released(to, this.audience.last);
  }

  /** Somebody waits, and this process is past the end that it has announced. */
  private exit(living: readonly string[]): void {
    const { first } = this.audience;
    if (first === undefined || this.phase.type === 'released' || this.app.type === 'open') return;
    const option = this.ports.abandoned(living).length > 0 ? 'stopTimeout' : this.app.end.is.option;
    this.ports.tell({ type: 'forced', by: first, living, option });
    this.ports.exit();
  }
}
