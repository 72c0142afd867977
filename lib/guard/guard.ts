import type { Socket } from 'node:net';
import type { Held } from '../endpoint/endpoint.js';
import { deferred, type Deferred } from '../shared/deferred.js';
import { WorkerAborted } from '../shared/errors.js';
import type { Gate, Pass } from '../supervision/ports.js';
import { Holder } from './holder.js';
import { joinProcess, type AppRecord } from './process-registry.js';
import type { GuardPorts } from './ports.js';
import { Seeker } from './seeker.js';

type State =
  | { readonly is: 'outside' }
  | { readonly is: 'seeking'; readonly seeker: Seeker }
  | { readonly is: 'holding'; readonly holder: Holder; readonly lost: AbortController }
  | { readonly is: 'out'; readonly why: 'closed' | 'superseded' };

/** One developer's machine, one set of live workers: holds the endpoint while any body lives, and hands it over to a younger process. */
export class Guard {
  private state: State = { is: 'outside' };
  private app: 'open' | 'closing' | 'superseded' = 'open';
  private readonly passes = new Map<Pass, string>();
  private readonly entrants = new Set<Deferred<void>>();
  private readonly closed = deferred();
  private leaveProcess: () => void = () => undefined;

  private ports!: GuardPorts;

  /** @param portsOf made once it is known which workers are enabled: they are part of who this app is */
  constructor(private readonly portsOf: (workers: readonly string[]) => GuardPorts) {}

  gateOf(worker: string): Gate {
    return { on: 'guard', enter: (signal) => this.enter(worker, signal) };
  }

  /** Resolves when bootstrap may go on: only an app that is closing holds it up, at most `handoverTimeout`. */
  async start(workers: readonly string[]): Promise<void> {
    this.ports = this.portsOf(workers);
    const { clock, handoverTimeout, key } = this.ports;
    const record: AppRecord = { v: 1, key, stop: () => this.supersede(), isClosing: () => this.app === 'closing' };
    const { older, leave } = joinProcess(record, clock);
    this.leaveProcess = leave;
    const sought = older.released(() => this.app !== 'open').then(() => this.seek(false));
    if (older.isClosing()) {
      const limit = deferred();
      const timer = clock.after(handoverTimeout, () => limit.resolve(), { unref: true });
      await Promise.race([sought, limit.promise, this.closed.promise]).finally(() => timer.cancel());
    } else if (!older.exists) await sought;
  }

  /** The app stops: what asks from now on waits for its end. */
  beginClose(): void {
    this.app = 'closing';
    if (this.state.is === 'seeking') this.state.seeker.end();
    if (this.state.is === 'holding') this.state.holder.close();
  }

  /** The app has let go of its port. Abandoned bodies keep the endpoint: the end of the process is its release then. */
  endClose(): void {
    this.app = 'closing';
    if (this.state.is === 'holding') this.state.holder.appClosed();
    else this.out('closed');
    this.closed.resolve();
    if (this.passes.size === 0) this.leaveProcess();
  }

  /** A newer app of this process has come. Returns how many bodies still live. */
  private async supersede(): Promise<number> {
    if (this.app === 'closing') await this.closed.promise;
    else {
      this.app = 'superseded';
      if (this.state.is === 'seeking') this.state.seeker.end();
      if (this.state.is === 'holding') this.state.holder.yield();
      await this.ports.drained();
    }
    return this.passes.size;
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
  }

  /** @param patient one who was displaced lets newcomers go first */
  private async seek(patient: boolean): Promise<void> {
    if (this.app !== 'open') return;
    const seeker = new Seeker(
      this.ports,
      (held) => this.won(held),
      (socket) => this.serve(socket),
      patient,
    );
    this.state = { is: 'seeking', seeker };
    await seeker.run();
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
    else this.out(this.app === 'closing' ? 'closed' : 'superseded');
  }

  private out(why: 'closed' | 'superseded'): void {
    this.state = { is: 'out', why };
  }
}
