import type { Socket } from 'node:net';
import { openChannel, type Channel, type Refusal } from '../endpoint/channel.js';
import type { Held } from '../endpoint/endpoint.js';
import { deferred } from '../shared/deferred.js';
import { messageOf } from '../shared/errors.js';
import { Pause } from './pause.js';
import type { GuardPorts } from './ports.js';
import { RUN_BOTH, asAnswer, seconds, type Answer } from './protocol.js';

/** How long the endpoint must be free before one who was displaced takes it back, in milliseconds. */
const PATIENCE = 3_000;
/** Between a connection that was closed on us and the next. */
const AGAIN = 20;
/** How long a holder may take to prove itself, before another connection is tried. */
const PROOF = 10_000;

/** The side that asks: takes the endpoint where it is free, else asks its holder, again and again. */
export class Seeker {
  private readonly bootstrap = deferred();
  private socket: Socket | undefined;
  private readonly pause: Pause;
  private over = false;
  private asked: { readonly at: number; readonly of: Answer } | undefined;
  private warned = false;
  private patient: boolean;

  /**
   * @param orphaned a younger process has the workers, and nobody else will stop this one
   * @param displaced one who was displaced lets newcomers go first, and has said so already
   */
  constructor(
    private readonly ports: GuardPorts,
    private readonly won: (held: Held) => void,
    private readonly serve: (socket: Socket) => void,
    private readonly orphaned: (by: number) => void,
    private readonly waitsFor: (holder: string) => void,
    private readonly displaced: boolean,
  ) {
    this.patient = displaced;
    this.pause = new Pause(ports.clock);
  }

  /** Resolves when bootstrap may go on. */
  run(): Promise<void> {
    const { clock, handoverTimeout } = this.ports;
    const limit = clock.after(handoverTimeout, () => this.late(), { unref: true });
    void this.seek().finally(() => {
      limit.cancel();
      if (!this.over) this.bootstrap.resolve();
    });
    return this.bootstrap.promise;
  }

  end(): void {
    this.over = true;
    this.socket?.destroy();
    this.pause.end();
  }

  private async seek(): Promise<void> {
    while (!this.over) {
      try {
        if (this.patient ? await this.waitForTurn() : await this.take()) return;
      } catch (error) {
        this.warnOnce(`the guard cannot work: ${messageOf(error)}; no worker starts here until it can`);
        this.bootstrap.resolve();
        await this.pause.rest(PATIENCE);
      }
    }
  }

  /** As one who was displaced: only what stays free is taken. @returns whether the endpoint is ours */
  private async waitForTurn(): Promise<boolean> {
    const socket = await this.ports.endpoint.reach();
    if (socket) {
      await this.ask(socket);
      return false;
    }
    await this.pause.rest(PATIENCE);
    return !this.over && (await this.take());
  }

  /** @returns whether the endpoint is ours */
  private async take(): Promise<boolean> {
    const { endpoint } = this.ports;
    const held = await endpoint.hold(this.serve);
    if (held) {
      if (this.over) held.release();
      else this.win(held);
      return true;
    }
    const socket = await endpoint.reach();
    if (socket) await this.ask(socket);
    else await this.pause.rest(1);
    return false;
  }

  private win(held: Held): void {
    const { hub, clock } = this.ports;
    this.won(held);
    if (!this.asked || this.asked.of.type === 'kept') return;
    const { of, at } = this.asked;
    const ms = clock.now() - at;
    const from = of.closing ? `pid ${of.pid}` : `pid ${of.pid} (${of.entry})`;
    const both = of.closing ? '' : `, which is still running. ${RUN_BOTH}`;
    this.ports.say(`workers taken over from ${from} after ${seconds(ms)}${both}`);
    hub.emit({}, { type: 'tookOver', pid: of.pid, ms });
  }

  private async ask(socket: Socket): Promise<void> {
    const { secret, clock } = this.ports;
    this.socket = socket;
    if (this.over) return void socket.destroy();
    const begun = clock.now();
    const channel = await openChannel(socket, 'newcomer', secret, clock, PROOF);
    if (typeof channel === 'string' && channel !== 'gone') return await this.refused(channel);
    if (typeof channel === 'object' && (await this.converse(channel))) return;
    // One that had lasted has ended because its holder did: the endpoint is free now.
    if (clock.now() - begun < AGAIN) await this.pause.rest(AGAIN);
  }

  /** @returns whether anything was answered */
  private async converse(channel: Channel): Promise<boolean> {
    channel.send({ type: 'ask', ...this.ports.me });
    let heard = false;
    for (let message = await channel.next(); message; message = await channel.next()) {
      const answer = asAnswer(message);
      if (!answer) continue;
      heard = true;
      this.heard(answer);
      if (answer.type === 'released') break;
    }
    channel.end();
    return heard;
  }

  private heard(answer: Answer): void {
    const { hub, clock } = this.ports;
    this.asked = { at: this.asked?.at ?? clock.now(), of: answer };
    this.patient = answer.type === 'kept';
    if (answer.type !== 'released') this.waitsFor(`pid ${answer.pid} (${answer.entry})`);
    if (answer.type === 'kept') {
      const { pid, entry } = answer;
      if (this.ports.isOrphaned()) return this.orphaned(pid);
      if (!this.displaced)
        this.ports.say(`pid ${pid} (${entry}) has the workers; they wait here until it has ended. ${RUN_BOTH}`);
      hub.emit({}, { type: 'waitingForHolder', pid });
    }
    if (answer.type === 'stuck')
      this.warnOnce(
        `pid ${answer.pid} (${answer.entry}) cannot stop ${answer.workers.join(', ')}: the workers wait for it`,
      );
    if (answer.type === 'kept' || !answer.closing) this.bootstrap.resolve();
  }

  private async refused(why: Exclude<Refusal, 'gone'>): Promise<void> {
    if (why === 'silent') return;
    const line = why === 'unproven' ? 'did not prove that it belongs to this user' : 'speaks another protocol version';
    const holder = this.ports.notes.read();
    this.waitsFor(holder);
    this.warnOnce(`${holder} and ${line}: the workers wait`);
    this.bootstrap.resolve();
    await this.pause.rest(PATIENCE);
  }

  /** Bootstrap has waited long enough. */
  private late(): void {
    const { asked, socket } = this;
    if (asked && asked.of.type !== 'kept')
      this.warnOnce(`pid ${asked.of.pid} (${asked.of.entry}) has not handed the workers over yet; they wait`);
    else if (!asked && socket?.destroyed === false)
      this.warnOnce(`${this.ports.notes.read()} and does not answer: the workers wait`);
    this.bootstrap.resolve();
  }

  private warnOnce(line: string): void {
    if (!this.warned && !this.over) this.ports.warn(line);
    this.warned = true;
  }
}
