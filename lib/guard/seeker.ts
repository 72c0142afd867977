import type { Socket } from 'node:net';
import { openChannel, type Channel, type Refusal } from '../endpoint/channel.js';
import type { Held } from '../endpoint/endpoint.js';
import type { Timer } from '../shared/clock.js';
import { deferred } from '../shared/deferred.js';
import { messageOf } from '../shared/errors.js';
import type { GuardPorts } from './ports.js';
import { RUN_BOTH, asAnswer, seconds, type Answer } from './protocol.js';

/** How long the endpoint must be free before one who was displaced takes it back, in milliseconds. */
const PATIENCE = 3_000;
/** Between a connection that was closed on us and the next. */
const AGAIN = 20;

/** The side that asks: takes the endpoint where it is free, else asks its holder, again and again. */
export class Seeker {
  private readonly bootstrap = deferred();
  private channel: Channel | undefined;
  private pause: { readonly timer: Timer; readonly wake: () => void } | undefined;
  private over = false;
  private asked: { readonly at: number; readonly of: Answer } | undefined;
  private warned = false;

  /** @param patient one who was displaced lets newcomers go first */
  constructor(
    private readonly ports: GuardPorts,
    private readonly won: (held: Held) => void,
    private readonly serve: (socket: Socket) => void,
    private patient: boolean,
  ) {}

  /** Resolves when bootstrap may go on. */
  run(): Promise<void> {
    const { clock, handoverTimeout } = this.ports;
    const limit = clock.after(handoverTimeout, () => this.silent(), { unref: true });
    void this.seek()
      .catch((error: unknown) => this.ports.warn(`the guard cannot work: ${messageOf(error)}; no worker starts here`))
      .finally(() => this.bootstrap.resolve());
    return this.bootstrap.promise.finally(() => limit.cancel());
  }

  end(): void {
    this.over = true;
    this.channel?.end();
    this.pause?.timer.cancel();
    this.pause?.wake();
    this.bootstrap.resolve();
  }

  private async seek(): Promise<void> {
    let free = false;
    while (!this.over) {
      const socket = this.patient && !free ? await this.ports.endpoint.reach() : undefined;
      if (socket) await this.ask(socket);
      else if (this.patient && !free) {
        free = true;
        await this.rest(PATIENCE);
      } else {
        free = false;
        if (await this.take()) return;
      }
    }
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
    else await this.rest(1);
    return false;
  }

  private win(held: Held): void {
    const { hub, clock } = this.ports;
    this.won(held);
    if (!this.asked || this.asked.of.type === 'kept') return;
    const { of, at } = this.asked;
    const ms = clock.now() - at;
    const both = of.closing ? '' : `, which is still running. ${RUN_BOTH}`;
    this.ports.say(`workers taken over from pid ${of.pid} after ${seconds(ms)}${both}`);
    hub.emit({}, { type: 'tookOver', pid: of.pid, ms });
  }

  private async ask(socket: Socket): Promise<void> {
    const { secret, clock, me, handoverTimeout } = this.ports;
    if (this.over) return void socket.destroy();
    const channel = await openChannel(socket, 'newcomer', secret, clock, handoverTimeout);
    if (typeof channel === 'string') return await this.refused(channel);
    this.channel = channel;
    if (this.over) channel.end();
    channel.send({ type: 'ask', ...me });
    for (let message = await channel.next(); message; message = await channel.next()) {
      const answer = asAnswer(message);
      if (answer && this.heard(answer)) break;
    }
    channel.end();
    this.channel = undefined;
  }

  /** @returns whether the endpoint is free */
  private heard(answer: Answer): boolean {
    const { hub, clock } = this.ports;
    this.warned = true;
    this.asked = { at: this.asked?.at ?? clock.now(), of: answer };
    if (answer.type === 'kept') {
      this.patient = true;
      this.ports.say(
        `pid ${answer.pid} (${answer.entry}) has the workers; they wait here until it has ended. ${RUN_BOTH}`,
      );
      hub.emit({}, { type: 'waitingForHolder', pid: answer.pid });
    }
    if (answer.type === 'kept' || !answer.closing) this.bootstrap.resolve();
    if (answer.type !== 'released') return false;
    this.patient = false;
    return true;
  }

  private async refused(why: Refusal): Promise<void> {
    if (why === 'gone') return await this.rest(AGAIN);
    if (why === 'silent') return this.silent();
    const line = why === 'unproven' ? 'did not prove that it belongs to this user' : 'speaks another protocol version';
    this.warnOnce(`${this.ports.notes.read()} and ${line}: the workers wait`);
    this.bootstrap.resolve();
    await this.rest(PATIENCE);
  }

  private silent(): void {
    this.warnOnce(`${this.ports.notes.read()} and does not answer: the workers wait for it`);
    this.bootstrap.resolve();
  }

  private warnOnce(line: string): void {
    if (!this.warned && !this.over) this.ports.warn(line);
    this.warned = true;
  }

  private rest(ms: number): Promise<void> {
    return new Promise((wake) => {
      this.pause = { timer: this.ports.clock.after(ms, wake), wake };
    });
  }
}
