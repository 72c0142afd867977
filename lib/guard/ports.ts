import type { Endpoint } from '../endpoint/endpoint.js';
import type { EventHub } from '../events/event-hub.js';
import type { Clock } from '../shared/clock.js';
import type { Identity } from './protocol.js';

/** What the guard needs of its process and its app. Times in milliseconds. */
export interface GuardPorts {
  readonly clock: Clock;
  readonly hub: EventHub;
  readonly key: string;
  readonly endpoint: Endpoint;
  readonly secret: Buffer;
  readonly me: Identity;
  readonly handoverTimeout: number;
  readonly shutdownTimeout: number;
  /** Those of these workers whose body was abandoned. */
  abandoned(workers: readonly string[]): readonly string[];
  /** Resolves once no worker is stopping. */
  drained(): Promise<void>;
  /** The watcher that started this process is gone. */
  isOrphaned(): boolean;
  /** Shuts the app down, and the process with it. */
  closeApp(): void;
  /** Ends the process at once. */
  exit(line: string): void;
  /** Leaves word of who holds the endpoint, for when it cannot be asked. */
  readonly notes: { write(): void; read(): string };
  say(line: string): void;
  warn(line: string): void;
}
