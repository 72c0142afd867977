import type { Socket } from 'node:net';
import type { Held } from '../endpoint/endpoint.js';
import { deferred, type Deferred } from '../shared/deferred.js';
import { WorkerAborted } from '../shared/errors.js';
import type { Gate, Pass } from '../supervision/ports.js';
import { Holder } from './holder.js';
import { lookOut } from './look-out.js';
import { joinProcess, type AppRecord } from './process-registry.js';
import type { GuardPorts } from './ports.js';
import { Seeker } from './seeker.js';

type State =
  | { readonly is: 'outside' }
  /** Waits for the older apps of this process. */
  | { readonly is: 'joining' }
  | { readonly is: 'seeking'; readonly seeker: Seeker }
  | { readonly is: 'holding'; readonly holder: Holder; readonly lost: AbortController }
  | { readonly is: 'out'; readonly why: 'closed' | 'superseded' | 'orphaned' | 'broken' };

/** One developer's machine, one set of live workers: holds the endpoint while any body lives, and hands it over to a younger process. */
export class Guard {
  private state: State = { is: 'outside' };
  private app: 'open' | 'closing' | 'closed' | 'superseded' = 'open';
  private readonly passes = new Map<Pass, string>();
  private readonly entrants = new Set<Deferred<void>>();
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

  gateOf(worker: string): Gate {
    return { on: 'guard', enter: (signal) => this.enter(worker, signal) };
  }

  /** Resolves when bootstrap may go on: only an app that is closing holds it up, at most `handoverTimeout`. */
  start(workers: readonly string[]): Promise<void> {
    return (this.started ??= this.join(workers));
  }

  private async join(workers: readonly string[]): Promise<void> {
    this.state = { is: 'joining' };
    try {
      this.ports = this.portsOf(workers);
    } catch (error) {
      this.broken(error);
      return this.out('broken');
    }
    const { clock, handoverTimeout, key } = this.ports;
    const record: AppRecord = { v: 1, key, stop: () => this.supersede(), isClosing: () => this.app === 'closing' };
    const { older, leave } = joinProcess(record, clock);
    this.leaveProcess = leave;
    const sought = older.released(() => this.app !== 'open').then(() => this.seek(false));
    if (older.isClosing()) {
      const limit = deferred();
      const timer = clock.after(handoverTimeout, () => limit.resolve());
      await Promise.race([sought, limit.promise, this.goOn.promise]).finally(() => timer.cancel());
    } else if (!older.exists) await Promise.race([sought, this.goOn.promise]);
  }

  /** The app stops: what asks from now on waits for its end. */
  beginClose(): void {
    this.app = 'closing';
    // An orphan ends before it has listened on a port that the younger process has by now.
    if (this.state.is !== 'out') this.goOn.resolve();
    if (this.state.is === 'seeking') this.state.seeker.end();
    if (this.state.is === 'holding') this.state.holder.close();
  }

  /** The app has let go of its port. Abandoned bodies keep the endpoint: the end of the process is its release then. */
  endClose(): void {
    this.app = 'closed';
    if (this.state.is === 'holding') this.state.holder.appClosed();
    else this.out('closed');
    this.closed.resolve();
    if (this.passes.size === 0) this.leaveProcess();
  }

  /** A newer app of this process has come. Returns how many bodies still live. */
  private async supersede(): Promise<number> {
    if (this.app === 'closing') await this.closes();
    else if (this.app !== 'closed') {
      this.app = 'superseded';
      this.goOn.resolve();
      if (this.state.is === 'seeking') this.state.seeker.end();
      if (this.state.is === 'holding') this.state.holder.yield();
      await this.ports.drained();
    }
    return this.passes.size;
  }

  /** Where another hook hangs or throws Nest never tells of the end; the bodies alone decide then. */
  private async closes(): Promise<void> {
    const { clock, handoverTimeout } = this.ports;
    const limit = clock.after(handoverTimeout, () => this.endClose());
    await this.closed.promise.finally(() => limit.cancel());
  }

  private async enter(worker: string, signal: AbortSignal): Promise<Pass> {
    if (this.state.is === 'outside') return { signal: new AbortController().signal, leave: () => undefined };
    while (this.state.is !== 'holding' || this.state.lost.signal.aborted) {
      const entrant = deferred();
      this.entrants.add(entrant);
      signal.addEventListener('abort', () => this.entrants.delete(entrant), { once: true });
      await entrant.promise;
    }
    const pass: Pass = { signal: this.state.lost.signal, leave: () => this.left(pass) };
    this.passes.set(pass, worker);
    return pass;
  }

  private left(pass: Pass): void {
    this.passes.delete(pass);
    if (this.state.is === 'holding') this.state.holder.check();
    if (this.app === 'closed' && this.passes.size === 0) this.leaveProcess();
  }

  /** @param patient one who was displaced lets newcomers go first */
  private async seek(patient: boolean): Promise<void> {
    if (this.app !== 'open') return;
    const seeker = new Seeker(
      this.ports,
      (held) => this.won(held),
      (socket) => this.serve(socket),
      (by) => this.leave(seeker, by),
      patient,
    );
    this.state = { is: 'seeking', seeker };
    const isOver = (): boolean => this.app !== 'open' || this.state.is !== 'seeking' || this.state.seeker !== seeker;
    lookOut(this.ports, isOver, () => this.leave(seeker));
    await seeker.run();
  }

  private leave(seeker: Seeker, by?: number): void {
    this.ports.say(
      `the watcher of this process is gone${by === undefined ? '' : `, and pid ${by} has the workers`}: it ends`,
    );
    seeker.end();
    this.out('orphaned');
    this.ports.closeApp();
  }

  private serve(socket: Socket): void {
    if (this.state.is === 'holding') this.state.holder.serve(socket);
    else socket.destroy();
  }

  private won(held: Held): void {
    const lost = new AbortController();
    const holder = new Holder(this.ports, {
      living: () => [...this.passes.values()],
      stop: () => lost.abort(new WorkerAborted('hand-over', 'the workers')),
      release: () => this.released(held),
    });
    this.state = { is: 'holding', holder, lost };
    this.ports.notes.write();
    for (const entrant of this.entrants) entrant.resolve();
    this.entrants.clear();
  }

  private released(held: Held): void {
    held.release();
    if (this.app === 'open') void this.seek(true);
    else this.out(this.app === 'superseded' ? 'superseded' : 'closed');
  }

  private out(why: Extract<State, { is: 'out' }>['why']): void {
    this.state = { is: 'out', why };
  }
}
