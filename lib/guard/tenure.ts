import type { Timer } from '../shared/clock.js';
import { deferred } from '../shared/deferred.js';
import { WorkerAborted } from '../shared/errors.js';
import type { Named } from './guard-event.js';
import { Holder } from './holder.js';
import type { GuardPorts } from './ports.js';
import type { Relatives } from './process-registry.js';
import type { Turnstile } from './turnstile.js';

/** How long after it has the workers an app is past its start, in milliseconds: ports are bound right after bootstrap. */
const SETTLES = 3_000;

/** From the first place that is taken to the release of all. */
export class Tenure {
  readonly holder: Holder;
  readonly lost = new AbortController();
  private readonly over = deferred();
  private settles: Timer | undefined;
  /** Who has the workers back where this process does not come past its start. */
  private lender: Named | undefined;
  private unlisten: () => void = () => undefined;

  constructor(
    private readonly ports: GuardPorts,
    private readonly turnstile: Turnstile,
    private readonly relatives: Relatives,
    released: (to: Named | undefined) => void,
  ) {
    this.holder = new Holder(ports, {
      living: () => turnstile.living,
      stop: () => this.lost.abort(new WorkerAborted('hand-over', 'the workers')),
      cede: () => relatives.cede(),
      released: (to) => {
        if (!to) this.givesBack();
        this.settle();
        released(to);
        this.over.resolve();
      },
    });
  }

  get released(): Promise<void> {
    return this.over.promise;
  }

  /**
   * All places are ours.
   * @param lender it runs on
   */
  open(lender: Named | undefined): void {
    const { clock, onExit } = this.ports;
    this.lender = lender;
    if (lender) this.unlisten = onExit(() => this.givesBack());
    this.holder.complete();
    this.turnstile.open();
    const settled = (): void => {
      this.settle();
      this.holder.settle();
    };
    this.settles = clock.after(SETTLES, settled, { unref: true });
  }

  private settle(): void {
    this.settles?.cancel();
    this.unlisten();
    this.lender = undefined;
  }

  private givesBack(): void {
    if (this.lender) this.ports.tell({ type: 'gaveBack', to: this.lender });
    this.lender = undefined;
  }

  /** Takes the lineage's place that another app of this process has let go of. */
  async adopt(): Promise<void> {
    for (const place of this.ports.places) {
      if (this.holder.has(place) || this.relatives.lineageIsKept) continue;
      const held = await place.endpoint.hold((socket) => this.holder.serve(place, socket));
      if (held) this.holder.add(place, held);
    }
  }
}
