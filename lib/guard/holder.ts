import type { Socket } from 'node:net';
import { openChannel, type Channel } from '../endpoint/channel.js';
import type { Held } from '../endpoint/endpoint.js';
import type { Timer } from '../shared/clock.js';
import { AnnouncedEnd } from './announced-end.js';
import { Audience } from './audience.js';
import type { Named } from './guard-event.js';
import type { GuardPorts, Place } from './ports.js';
import { asAsk, isNewer, type Answer, type Ask } from './protocol.js';

/** How long an unproven connection may last, in milliseconds. */
const PROOF = 5_000;
const PROGRESS = 1_000;

interface Duty {
  /** The workers that are past the gate. */
  living(): readonly string[];
  /** Takes the gate from the workers. */
  stop(): void;
  /** Other apps of this process, which the same watcher's next child replaces with this one, stop too. */
  cede(): Promise<void>;
  released(to: Named | undefined): void;
}

type Phase =
  /** Some of the places are still another's; no worker has passed. */
  | { readonly type: 'partial' }
  | { readonly type: 'holding' }
  | { readonly type: 'yielding'; readonly since: number }
  | { readonly type: 'released' };

/** The side that has what others ask for. */
export class Holder {
  private phase: Phase = { type: 'partial' };
  /** The app: open, closing, or closed. */
  private app: { readonly type: 'open' } | { readonly type: 'closing' | 'closed'; readonly end: AnnouncedEnd } = {
    type: 'open',
  };
  private readonly held = new Map<Place, Held>();
  private readonly audience = new Audience();
  private ceding = false;
  private settled = false;
  private progress: Timer | undefined;

  constructor(
    private readonly ports: GuardPorts,
    private readonly duty: Duty,
  ) {}

  has(place: Place): boolean {
    return this.held.has(place);
  }

  add(place: Place, held: Held): void {
    if (this.phase.type === 'released') held.release();
    else this.held.set(place, held);
  }

  /** All places are taken, or kept by another app of this process. */
  complete(): void {
    if (this.phase.type === 'partial') this.phase = { type: 'holding' };
  }

  /** Another keeps a place: those that were taken before are given back. */
  giveBack(): void {
    if (this.phase.type === 'partial') this.free();
  }

  /** The app is past its start: it has bound its ports, or has none. */
  settle(): void {
    this.settled = true;
    this.audience.tellKept({ type: 'settled', pid: this.ports.me.pid });
  }

  /** Costs nothing until the other side has proven itself. */
  serve(place: Place, socket: Socket): void {
    void this.attend(place, socket).catch(() => socket.destroy());
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

  private async attend(place: Place, socket: Socket): Promise<void> {
    const { clock } = this.ports;
    const channel = await openChannel(socket, 'holder', place.secrets, clock, PROOF);
    if (typeof channel === 'string') return;
    const ask = asAsk(await channel.next());
    if (!ask || this.phase.type === 'released') return channel.end();
    this.take(place, channel, ask);
    await channel.next();
    this.audience.leave(channel);
    channel.end();
  }

  private take(place: Place, channel: Channel, ask: Ask): void {
    const { pid, entry } = this.ports.me;
    // Apps of one process know each other.
    if (ask.type === 'look' && ask.pid === pid && ask.started === this.ports.me.started)
      return channel.send({ type: 'open', pid });
    const leaves = this.leaves(ask);
    if (leaves || this.app.type !== 'open' || (ask.type === 'ask' && isNewer(ask, this.ports.me))) {
      this.audience.ask(channel, ask);
      if (ask.type === 'ask' && place.type === 'lineage') this.cede();
      if (ask.type === 'look' || this.phase.type === 'yielding') this.report();
      else this.yield();
      this.check();
    } else if (ask.type === 'look') channel.send({ type: 'open', pid });
    else this.audience.keep(channel, { type: 'kept', pid, entry, settled: this.settled });
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
    this.audience.tellProgress(this.standing());
    if (this.app.type !== 'open') this.app.end.arm(() => this.exit(this.duty.living()));
    this.progress = this.ports.clock.after(PROGRESS, () => this.report(), { unref: true });
  }

  private standing(): Answer {
    const { me, clock } = this.ports;
    const workers = this.duty.living();
    const abandoned = this.ports.abandoned(workers);
    const type = abandoned.length > 0 && abandoned.length === workers.length ? 'stuck' : 'draining';
    const closing = this.app.type !== 'open';
    const by = this.app.type === 'open' ? this.ports.stopsBy() : this.app.end.is.at;
    const endsIn = by === undefined ? {} : { endsIn: Math.max(0, Math.round(by - clock.now())) };
    return { type, pid: me.pid, entry: me.entry, workers, closing, ...endsIn };
  }

  private release(phase: Phase): void {
    const { clock, me } = this.ports;
    const closing = this.app.type !== 'open';
    const ms = phase.type === 'yielding' ? clock.now() - phase.since : 0;
    this.phase = { type: 'released' };
    this.progress?.cancel();
    if (this.app.type !== 'open') this.app.end.cancel();
    this.free();
    const to = this.audience.release({ type: 'released', pid: me.pid, entry: me.entry, ms, closing });
    if (to) this.ports.tell({ type: 'handedOver', to, ms, closing });
    this.duty.released(to);
  }

  private free(): void {
    for (const held of this.held.values()) held.release();
    this.held.clear();
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
