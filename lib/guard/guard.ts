import type { Socket } from 'node:net';
import type { Held } from '../endpoint/endpoint.js';
import { deferred } from '../shared/deferred.js';
import { WorkerAborted } from '../shared/errors.js';
import type { Pass } from '../supervision/ports.js';
import { Holder } from './holder.js';
import { goneLine, lookOut } from './look-out.js';
import { joinProcess, stuckLine, type AppRecord } from './process-registry.js';
import { atMost } from './pause.js';
import type { GuardPorts } from './ports.js';
import { Seeker } from './seeker.js';
import { Turnstile } from './turnstile.js';

/** One that was to be closed while it booted is closed so soon after its boot, in milliseconds. */
const CLOSED_BY = 250;

type State =
  | { readonly type: 'outside' }
  /** Waits for the older apps of this process. `booting`: and bootstrap with it. */
  | { readonly type: 'joining' | 'booting' }
  | { readonly type: 'seeking'; readonly seeker: Seeker }
  | { readonly type: 'holding'; readonly holder: Holder; readonly lost: AbortController }
  | { readonly type: 'out'; readonly why: 'closed' | 'superseded' | 'broken' };

/** One developer's machine, one set of live workers: holds the endpoint while any body lives, and hands it over to a younger process. */
export class Guard {
  private state: State = { type: 'outside' };
  /** `leaving`: an orphan that ends before it has booted, so that it does not listen on what a younger process has by now. */
  private app: 'open' | 'leaving' | 'closing' | 'closed' | 'superseded' = 'open';
  private readonly turnstile = new Turnstile();
  /** Bootstrap waits no longer. */
  private readonly goOn = deferred();
  private readonly closed = deferred();
  /** Once: a worker that is added at run time joins what was begun at boot. */
  private started: Promise<void> | undefined;
  private leaveProcess: () => void = () => undefined;
  private ports!: GuardPorts;

  /**
   * @param portsOf made once it is known which workers were named as enabled: they are part of who this app is
   * @param broken they cannot be made: rather no worker than two of them
   */
  constructor(
    private readonly portsOf: (workers: readonly string[]) => GuardPorts,
    private readonly broken: (error: unknown) => void,
  ) {}

  /** Resolves when bootstrap may go on: only an app that is closing holds it up, at most `handoverTimeout`. */
  start(workers: readonly string[]): Promise<void> {
    return (this.started ??= this.join(workers));
  }

  private async join(workers: readonly string[]): Promise<void> {
    try {
      this.ports = this.portsOf(workers);
    } catch (error) {
      this.broken(error);
      return this.out('broken');
    }
    const { clock, handoverTimeout, key } = this.ports;
    const record: AppRecord = {
      v: 1,
      key,
      stop: () => this.supersede(),
      isClosing: () => this.app === 'closing' || this.state.type === 'booting',
    };
    const { older, leave } = joinProcess(record, clock);
    this.leaveProcess = leave;
    const stuck = (living: number): void => this.ports.warn(stuckLine(living));
    const sought = older.released(() => this.app !== 'open', stuck).then(() => this.seek(false));
    this.state = { type: older.isClosing() ? 'booting' : 'joining' };
    if (this.state.type === 'booting') await atMost(clock, handoverTimeout, sought, this.goOn.promise);
    else if (!older.exists) await Promise.race([sought, this.goOn.promise]);
  }

  /** The app stops: what asks from now on waits for its end. */
  beginClose(): void {
    if (this.app !== 'leaving') this.goOn.resolve();
    this.app = 'closing';
    if (this.state.type === 'seeking') this.state.seeker.end();
    if (this.state.type === 'holding') this.state.holder.close();
  }

  /** The app has let go of its port. Abandoned bodies keep the endpoint: the end of the process is its release then. */
  endClose(): void {
    this.app = 'closed';
    if (this.state.type === 'holding') this.state.holder.appClosed();
    else this.out('closed');
    this.closed.resolve();
    if (this.turnstile.living.length === 0) this.leaveProcess();
  }

  /** A newer app of this process has come. Returns how many bodies still live. */
  private async supersede(): Promise<number> {
    const boots = this.state.type === 'booting';
    const { clock, handoverTimeout } = this.ports;
    if (this.app === 'open') {
      this.app = 'superseded';
      if (this.state.type === 'seeking') this.state.seeker.end();
      else if (this.state.type === 'holding') this.state.holder.yield();
      if (!boots) this.goOn.resolve();
    }
    if (this.app === 'superseded') await this.ports.drained();
    if (boots) {
      await this.started;
      await atMost(clock, CLOSED_BY, this.goOn.promise);
    }
    if (this.app === 'closing') await atMost(clock, handoverTimeout, this.closed.promise);
    // Where another hook hangs or throws Nest never tells of the end; the bodies alone decide then.
    if (this.app === 'closing') this.endClose();
    return this.turnstile.living.length;
  }

  async enter(worker: string, signal: AbortSignal, tell: (detail: string) => void): Promise<Pass> {
    while (this.state.type !== 'holding' || this.state.lost.signal.aborted) await this.turnstile.wait(signal, tell);
    return this.turnstile.admit(worker, this.state.lost.signal, () => this.left());
  }

  private left(): void {
    if (this.state.type === 'holding') this.state.holder.check();
    if (this.app === 'closed' && this.turnstile.living.length === 0) this.leaveProcess();
  }

  /** @param patient one who was displaced lets newcomers go first */
  private async seek(patient: boolean): Promise<void> {
    if (this.app === 'superseded') this.out('superseded');
    if (this.app !== 'open') return;
    const seeker = new Seeker(
      this.ports,
      (held) => this.won(held),
      (socket) => this.serve(socket),
      (by) => this.leave(seeker, by),
      (holder) => this.turnstile.tell(holder),
      patient,
    );
    this.state = { type: 'seeking', seeker };
    const isOver = (): boolean => this.app !== 'open' || this.state.type !== 'seeking' || this.state.seeker !== seeker;
    lookOut(this.ports, isOver, () => this.leave(seeker));
    await seeker.run();
  }

  private leave(seeker: Seeker, by?: number): void {
    this.ports.say(goneLine(by));
    seeker.end();
    this.app = 'leaving';
    this.ports.closeApp();
  }

  private serve(socket: Socket): void {
    if (this.state.type === 'holding') this.state.holder.serve(socket);
    else socket.destroy();
  }

  private won(held: Held): void {
    const lost = new AbortController();
    const holder = new Holder(this.ports, {
      living: () => this.turnstile.living,
      stop: () => lost.abort(new WorkerAborted('hand-over', 'the workers')),
      release: () => this.released(held),
    });
    this.state = { type: 'holding', holder, lost };
    this.ports.notes.write();
    this.turnstile.open();
  }

  private released(held: Held): void {
    held.release();
    if (this.app === 'open') void this.seek(true);
    else this.out(this.app === 'superseded' ? 'superseded' : 'closed');
  }

  private out(why: Extract<State, { type: 'out' }>['why']): void {
    this.state = { type: 'out', why };
  }
}
