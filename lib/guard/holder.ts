import type { Socket } from 'node:net';
import { openChannel, type Channel } from '../endpoint/channel.js';
import type { Timer } from '../shared/clock.js';
import type { GuardPorts } from './ports.js';
import { RUN_BOTH, asAsk, isYounger, seconds, type Ask } from './protocol.js';

/** How long an unproven connection may last, in milliseconds. */
const PROOF = 5_000;
const PROGRESS = 1_000;

interface Duty {
  /** The workers that are past the gate. */
  living(): readonly string[];
  /** Takes the gate from the workers. */
  stop(): void;
  release(): void;
}

type Phase =
  | { readonly type: 'holding' }
  | { readonly type: 'yielding'; readonly since: number; readonly progress: Timer }
  | { readonly type: 'released' };

/** The side that has what others ask for. */
export class Holder {
  private phase: Phase = { type: 'holding' };
  /** The app: open, closing, or closed. */
  private app: 'open' | 'closing' | 'closed' = 'open';
  private readonly askers = new Map<Channel, Ask>();
  private readonly kept = new Set<Channel>();
  private forced: Timer | undefined;

  constructor(
    private readonly ports: GuardPorts,
    private readonly duty: Duty,
  ) {}

  /** Costs nothing until the other side has proven itself. */
  serve(socket: Socket): void {
    void this.attend(socket).catch(() => socket.destroy());
  }

  close(): void {
    if (this.app === 'open') this.app = 'closing';
    if (this.askers.size > 0) this.forceExit();
    this.check();
  }

  appClosed(): void {
    this.app = 'closed';
    this.check();
  }

  /** Releases as soon as nothing lives any more. */
  check(): void {
    const { phase } = this;
    const wanted = phase.type === 'yielding' || this.app === 'closed';
    if (phase.type === 'released' || !wanted || this.app === 'closing') return;
    const living = this.duty.living();
    if (living.length > 0) return this.app === 'closed' && this.askers.size > 0 ? this.exit(living) : undefined;
    this.release(phase);
  }

  private async attend(socket: Socket): Promise<void> {
    const { secret, clock, me } = this.ports;
    const channel = await openChannel(socket, 'holder', secret, clock, PROOF);
    if (typeof channel === 'string') return;
    const ask = asAsk(await channel.next());
    if (!ask || this.phase.type === 'released') return channel.end();
    if (this.leaves() || isYounger(ask, me)) this.yieldTo(channel, ask);
    else this.keep(channel);
    await channel.next();
    this.askers.delete(channel);
    this.kept.delete(channel);
    channel.end();
  }

  private keep(channel: Channel): void {
    const { pid, entry } = this.ports.me;
    this.kept.add(channel);
    channel.send({ type: 'kept', pid, entry });
  }

  private yieldTo(channel: Channel, ask: Ask): void {
    this.askers.set(channel, ask);
    if (this.app !== 'open') this.forceExit();
    if (this.phase.type === 'holding') this.yield();
    else this.tell();
  }

  /** A watcher that is gone has left old code behind: its app closes, whoever asks. */
  private leaves(): boolean {
    if (this.app !== 'open' || !this.ports.isOrphaned()) return false;
    this.app = 'closing';
    this.ports.closeApp();
    return true;
  }

  /** Takes the gate from the workers, and releases once nothing of them lives. */
  yield(): void {
    if (this.phase.type !== 'holding') return;
    this.phase = { type: 'yielding', since: this.ports.clock.now(), progress: this.report() };
    if (this.app === 'open') this.duty.stop();
    this.check();
  }

  /** Tells the askers how far it is, now and once a second. */
  private report(): Timer {
    this.tell();
    return this.ports.clock.after(
      PROGRESS,
      () => {
        if (this.phase.type === 'yielding') this.phase = { ...this.phase, progress: this.report() };
      },
      { unref: true },
    );
  }

  private tell(): void {
    const workers = this.duty.living();
    const abandoned = this.ports.abandoned(workers);
    const type = abandoned.length > 0 && abandoned.length === workers.length ? 'stuck' : 'draining';
    const closing = this.app !== 'open';
    const { pid, entry } = this.ports.me;
    for (const channel of this.askers.keys()) channel.send({ type, pid, entry, workers, closing });
  }

  private release(phase: Phase): void {
    const { clock, hub, me } = this.ports;
    const closing = this.app !== 'open';
    const ms = phase.type === 'yielding' ? clock.now() - phase.since : 0;
    if (phase.type === 'yielding') phase.progress.cancel();
    this.phase = { type: 'released' };
    this.forced?.cancel();
    this.duty.release();
    const [winner, ...others] = [...this.askers].sort(([, a], [, b]) => (isYounger(a, b) ? -1 : 1));
    if (winner) {
      const [channel, { pid, entry }] = winner;
      channel.send({ type: 'released', pid: me.pid, entry: me.entry, ms, closing });
      for (const [other] of others) other.send({ type: 'kept', pid, entry });
      const to = closing ? `pid ${pid}` : `pid ${pid} (${entry})`;
      this.ports.say(`workers handed over to ${to} after ${seconds(ms)}${closing ? '' : `. ${RUN_BOTH}`}`);
      hub.emit({}, { type: 'handedOver', pid, ms });
    }
    for (const channel of [...others.map(([other]) => other), ...this.kept]) channel.finish();
  }

  /** While this app closes somebody waits for its HTTP port: whatever hangs, the process ends in time. */
  private forceExit(): void {
    const { shutdownTimeout, handoverTimeout, clock } = this.ports;
    const late = (): void => {
      this.forced = undefined;
      if (this.askers.size > 0) this.exit(this.duty.living());
    };
    this.forced ??= clock.after(Math.min(shutdownTimeout, 0.8 * handoverTimeout), late, { unref: true });
  }

  private exit(living: readonly string[]): void {
    const [first] = this.askers.values();
    const who = living.length > 0 ? `still running: ${living.join(', ')}` : 'the shutdown does not end';
    this.ports.exit(`pid ${first?.pid} waits for this process to end; ${who}; exiting`);
  }
}
