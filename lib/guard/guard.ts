import type { Pass } from '../supervision/ports.js';
import { deferred } from '../shared/deferred.js';
import type { Named } from './guard-event.js';
import type { Followed } from './look.js';
import { lookOut } from './look-out.js';
import { atMost } from './pause.js';
import type { GuardPorts } from './ports.js';
import { Relatives, memberOf, type AppRecord } from './process-registry.js';
import { Tenure } from './tenure.js';
import { Turnstile } from './turnstile.js';

/** One that was to be closed while it booted is closed so soon after its boot, in milliseconds. */
const CLOSED_BY = 250;

type State =
  /** Nobody wants to pass yet, or an app of this process goes first. `booting`: and bootstrap waits with it. */
  | { readonly type: 'outside' | 'joining' | 'booting' }
  | { readonly type: 'seeking' | 'holding'; readonly tenure: Tenure }
  | { readonly type: 'out' };

/** One developer's machine, one set of live workers: holds the endpoints while any body lives, and hands them over to a newer app. */
export class Guard {
  private state: State = { type: 'outside' };
  /** `leaving`: an orphan that ends before it has booted, so that it does not listen on what a newer process has by now. */
  private app: 'open' | 'leaving' | 'closing' | 'closed' | 'superseded' = 'open';
  private readonly turnstile = new Turnstile();
  private readonly goOn = deferred();
  private readonly closed = deferred();
  private readonly relatives: Relatives;
  private readonly record: AppRecord;
  /** Once: a worker that is added at run time, or started by hand, joins what was begun at boot. */
  private started: Promise<void> | undefined;
  /** How often it has joined the others of its process: after the newer one has closed, again. */
  private joined = 0;
  private stopLooking: () => void = () => undefined;

  /** @param followed the app whose end was waited for while this one was made */
  constructor(
    private readonly ports: GuardPorts,
    private followed: Followed | undefined,
  ) {
    const me = memberOf(ports);
    this.relatives = new Relatives(me, ports.clock);
    this.record = {
      ...me,
      stop: () => this.supersede(),
      isClosing: () => this.app === 'closing' || this.state.type === 'booting',
      ends: () => this.app === 'closing' || this.app === 'closed' || this.app === 'leaving',
      changed: () => this.changed(),
      keepsLineage: () => ports.places.some((one) => one.type === 'lineage' && this.tenure?.holder.has(one)),
      cede: async () => await this.tenure?.cede(),
    };
  }

  /** Resolves when bootstrap may go on: only an app that is closing holds it up. */
  start(): Promise<void> {
    if (!this.started) this.relatives.join(this.record);
    return (this.started ??= this.join());
  }

  enter(worker: string, signal: AbortSignal, tell: (detail: string) => void): Promise<Pass> {
    const lost = (): AbortSignal | undefined =>
      this.state.type === 'holding' ? this.state.tenure.lost.signal : undefined;
    return this.turnstile.enter(worker, signal, tell, lost, () => this.left());
  }

  /** The app stops: what asks from now on waits for its end. */
  beginClose(): void {
    if (this.app !== 'leaving') this.goOn.resolve();
    this.app = 'closing';
    this.stopLooking();
    this.tenure?.giveUp();
    this.tenure?.holder.close();
    this.relatives.notify(this.record);
  }

  /** The app has let go of its ports. Abandoned bodies keep the endpoint: the end of the process is its release then. */
  endClose(): void {
    this.app = 'closed';
    if (this.tenure) this.tenure.holder.appClosed();
    else this.state = { type: 'out' };
    this.closed.resolve();
    this.left();
  }

  private get tenure(): Tenure | undefined {
    return this.state.type === 'seeking' || this.state.type === 'holding' ? this.state.tenure : undefined;
  }

  private async join(): Promise<void> {
    if (this.relatives.hasNewer) {
      this.app = 'superseded';
      this.state = { type: 'out' };
      return this.ports.tell({ type: 'superseded' });
    }
    const { clock, shutdownTimeout } = this.ports;
    const { before, anyCloses } = this.relatives;
    const turn = ++this.joined;
    const isOver = (): boolean => this.app !== 'open' || turn !== this.joined;
    const stuck = (living: number): void => this.ports.tell({ type: 'olderCannotStop', living });
    this.state = { type: anyCloses ? 'booting' : 'joining' };
    const sought = this.relatives.released(isOver, stuck).then(() => (isOver() ? undefined : this.seek()));
    if (anyCloses) await atMost(clock, shutdownTimeout, sought, this.goOn.promise);
    else if (before.length === 0) await Promise.race([sought, this.goOn.promise]);
  }

  /** A newer app of this process has come. Returns how many bodies still live. */
  private async supersede(): Promise<number> {
    const boots = this.state.type === 'booting';
    const { clock, handoverTimeout } = this.ports;
    if (this.app === 'open') {
      this.app = 'superseded';
      this.ports.tell({ type: 'superseded' });
      this.stopLooking();
      this.tenure?.giveUp();
      this.tenure?.holder.yield();
      if (this.state.type === 'joining' || boots) this.state = { type: 'out' };
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

  /** Where the newer app of this process closes, its workers come back to this one. */
  private changed(): void {
    if (this.app === 'superseded' && !this.relatives.hasNewer) {
      this.app = 'open';
      this.ports.tell({ type: 'cameBackHere' });
      if (this.state.type === 'out') void this.join();
    } else if (this.state.type === 'holding') void this.state.tenure.adopt().catch(() => undefined);
  }

  private left(): void {
    this.tenure?.holder.check();
    if (this.app === 'closed' && this.turnstile.living.length === 0) this.relatives.leave(this.record);
  }

  private async seek(displaced?: Named): Promise<void> {
    if (this.app !== 'open') return;
    const { ports, turnstile, relatives, followed } = this;
    const events = {
      won: () => {
        this.stopLooking();
        this.state = { type: 'holding', tenure };
        ports.notes.write();
      },
      orphaned: (by: Named) => this.leave(tenure, by),
      released: (to: Named | undefined) => this.released(to),
    };
    const tenure: Tenure = new Tenure(ports, turnstile, relatives, events, displaced, followed);
    this.followed = undefined;
    this.state = { type: 'seeking', tenure };
    // It has waited long enough for another save to come.
    if (followed && ports.isOrphaned()) this.leave(tenure);
    else this.stopLooking = lookOut(ports, () => this.leave(tenure));
    await tenure.seek();
  }

  private leave(tenure: Tenure, successor?: Named): void {
    this.ports.tell({ type: 'watcherGone', successor });
    tenure.giveUp();
    this.stopLooking();
    this.app = 'leaving';
    this.ports.closeApp();
  }

  private released(to: Named | undefined): void {
    this.state = { type: 'out' };
    this.relatives.notify(this.record);
    if (this.app === 'open') void this.seek(to);
  }
}
