import type { Timer } from '../shared/clock.js';
import { deferred } from '../shared/deferred.js';
import { WorkerAborted } from '../shared/errors.js';
import type { Named } from './guard-event.js';
import { Holder } from './holder.js';
import type { Followed } from './look.js';
import type { GuardPorts, Place } from './ports.js';
import type { Relatives } from './process-registry.js';
import { Seeker } from './seeker.js';
import type { Turnstile } from './turnstile.js';

/** How long after it has the workers an app is past its start, in milliseconds: ports are bound right after bootstrap. */
const SETTLES = 3_000;

interface Events {
  /** All places are ours. */
  won(): void;
  /** A newer process has the workers, and this one's watcher is gone. */
  orphaned(by: Named): void;
  released(to: Named | undefined): void;
}

/** From the search for the places to the release of all. */
export class Tenure {
  readonly holder: Holder;
  private readonly seeker: Seeker;
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
    events: Events,
    displaced: Named | undefined,
    followed: Followed | undefined,
  ) {
    this.holder = new Holder(ports, {
      living: () => turnstile.living,
      stop: () => this.lost.abort(new WorkerAborted('hand-over', 'the workers')),
      cede: () => relatives.cede(),
      released: (to, stoppedFor) => {
        if (!to) this.givesBack(this.lender);
        this.settle();
        this.seeker.end();
        events.released(to ?? stoppedFor);
        this.over.resolve();
      },
    });
    const won = (from: Named | undefined): void => {
      events.won();
      this.open(from);
    };
    const duty = {
      won,
      orphaned: (by: Named) => events.orphaned(by),
      waitsFor: ({ pid, entry }: Named) => turnstile.tell(`pid ${pid} (${entry})`),
      isKeptHere: ({ type }: Place) => type === 'lineage' && relatives.lineageIsKept,
    };
    this.seeker = new Seeker(ports, this.holder, duty, displaced, followed);
  }

  /** Resolves when bootstrap may go on. */
  seek(): Promise<void> {
    this.unlisten = this.ports.onExit(() => this.givesBack(this.lender ?? this.seeker.lender));
    return this.seeker.run();
  }

  giveUp(): void {
    this.unlisten();
    this.seeker.end();
  }

  /** A later child of the same watcher asks another app of this process. */
  cede(): Promise<void> {
    this.holder.yield();
    return this.over.promise;
  }

  /** @param lender it runs on */
  private open(lender: Named | undefined): void {
    const { clock } = this.ports;
    this.lender = lender;
    if (!lender) this.unlisten();
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

  private givesBack(to: Named | undefined): void {
    if (to) this.ports.tell({ type: 'gaveBack', to });
    this.unlisten();
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
