import type { Channel } from '../endpoint/channel.js';
import { isNewer, type Answer, type Ask, type Identity } from './protocol.js';

/** Those who wait at a holder: who asked for the workers and will get them, who was told to wait, and who looks for its end. */
export class Audience {
  private readonly askers = new Map<Channel, Ask>();
  private readonly kept = new Set<Channel>();
  private settled = false;
  /** For whom the workers stop; it may have gone since. */
  last: Ask | undefined;
  private readonly lookers = new Map<Channel, Ask>();

  ask(channel: Channel, ask: Ask): void {
    (ask.type === 'look' ? this.lookers : this.askers).set(channel, ask);
    if (ask.type === 'ask') this.last = ask;
  }

  keep(channel: Channel, { pid, entry }: Identity): void {
    this.kept.add(channel);
    channel.send({ type: 'kept', pid, entry, settled: this.settled });
  }

  /** The holder is past its start. */
  settle({ pid }: Identity): void {
    this.settled = true;
    for (const channel of this.kept) channel.send({ type: 'settled', pid });
  }

  leave(channel: Channel): void {
    this.askers.delete(channel);
    this.kept.delete(channel);
    this.lookers.delete(channel);
  }

  /** Somebody waits for the end of this process, or of its bodies; by its number. */
  get first(): number | undefined {
    const [first] = [...this.askers.values(), ...this.lookers.values()];
    return first?.pid;
  }

  tellProgress(answer: Answer): void {
    for (const channel of [...this.askers.keys(), ...this.lookers.keys()]) channel.send({ ...answer });
  }

  /** @returns the newest who asked: it has them now, and the others are told so; without any, who looked */
  release(released: Answer): Ask | undefined {
    const [winner, ...losers] = [...this.askers].sort(([, a], [, b]) => (isNewer(a, b) ? -1 : 1));
    const others = losers.map(([channel]) => channel);
    const waiting = [...this.kept, ...others];
    if (winner) {
      const [channel, { pid, entry }] = winner;
      channel.send({ ...released });
      for (const one of waiting) one.send({ type: 'passed', pid, entry });
    }
    for (const one of [...waiting, ...this.lookers.keys()]) one.finish();
    return winner?.[1] ?? [...this.lookers.values()].at(-1);
  }
}
