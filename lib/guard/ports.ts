import type { Secrets } from '../endpoint/channel.js';
import type { Endpoint } from '../endpoint/endpoint.js';
import type { Clock } from '../shared/clock.js';
import type { GuardEvent, Named, Note } from './guard-event.js';
import type { Identity } from './protocol.js';

/** A name that one process holds at a time. */
export interface Place {
  /** Of the same watcher's children, or of the same app's processes. */
  readonly type: 'lineage' | 'app';
  readonly key: string;
  readonly endpoint: Endpoint;
  readonly secrets: Secrets;
}

/** What the guard needs of its process and its app. Times in milliseconds. */
export interface GuardPorts {
  readonly clock: Clock;
  /** In the order in which they are taken; the last is the app's. */
  readonly places: readonly Place[];
  readonly me: Identity;
  /** Of this app among those of its process: the newer one's is higher. */
  readonly created: number;
  readonly handoverTimeout: number;
  readonly shutdownTimeout: number;
  /** @throws Error where nobody could be proved anything to */
  check(): void;
  /** Those of these workers whose body was abandoned. */
  abandoned(workers: readonly string[]): readonly string[];
  /** Resolves once no worker is stopping. */
  drained(): Promise<void>;
  /** The last deadline of workers that stop, on the clock's scale. */
  stopsBy(): number | undefined;
  /** The watcher that started this process is gone. */
  isOrphaned(): boolean;
  /** Shuts the app down, and the process with it. */
  closeApp(): void;
  /** Ends the process at once. */
  exit(): void;
  /** Calls back when the process ends. @returns the end of that */
  onExit(fn: () => void): () => void;
  /** Leaves word of who holds the endpoint, for when it cannot be asked. */
  readonly notes: { write(): void; read(): Note | undefined };
  tell(event: GuardEvent): void;
}

/** What one who asks tells its app. */
export interface SeekerDuty {
  /** @param from one that runs on */
  won(from: Named | undefined): void;
  /** A newer process has the workers, and nobody else will stop this one. */
  orphaned(by: Named): void;
  /** Who has a place. */
  waitsFor(holder: Named): void;
  /** Another app of this process keeps the place. */
  isKeptHere(place: Place): boolean;
}

/** What one who holds asks of its app. */
export interface HolderDuty {
  /** The workers that are past the gate. */
  living(): readonly string[];
  /** Takes the gate from the workers. */
  stop(): void;
  /** Other apps of this process, which the same watcher's next child replaces with this one, stop too. */
  cede(): Promise<void>;
  /** @param stoppedFor who asked last: where nobody is left to hand over to, it has ended */
  released(to: Named | undefined, stoppedFor: Named | undefined): void;
}
