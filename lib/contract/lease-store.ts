/** One name that this process wants to hold, or go on holding. */
export interface LeaseRequest {
  readonly name: string;
  /** Of the grant that is renewed; absent where one is asked for. */
  readonly fence?: bigint;
}

export type LeaseAnswer =
  | {
      readonly type: 'held';
      readonly name: string;
      /** Larger than any fence that was ever granted under this name, unless this renews a grant. */
      readonly fence: bigint;
    }
  /** @property holder whoever holds it, as it called itself: shown to whoever asks what a worker waits for */
  | { readonly type: 'taken'; readonly name: string; readonly holder?: string };

/** A grant, as it is given back. */
export interface LeaseGrant {
  readonly name: string;
  readonly fence: bigint;
}

/** Keeps leases for all processes that share it. Its commands end by `signal` and are never queued for later. */
export interface LeaseStore {
  /** For how long a grant holds, in milliseconds from when it was asked for. */
  readonly ttl: number;
  /** Called once, before anything else. */
  connect(owner: LeaseOwner): Promise<void>;
  /**
   * All that a process asks for in one round trip: new grants and renewals. Rejects as a whole, or answers each.
   * @returns an answer for each request, in any order
   */
  sync(requests: readonly LeaseRequest[], signal: AbortSignal): Promise<readonly LeaseAnswer[]>;
  /** Gives back what is held, so that nobody waits for its end. A grant that is no longer this owner's is left alone. */
  release(grants: readonly LeaseGrant[], signal: AbortSignal): Promise<void>;
  /**
   * Where the store can tell: calls back with the names that were released, until its result is called.
   * Without it, and whenever it is silent, the next `sync` finds out.
   */
  onReleased?(listener: (names: readonly string[]) => void): () => void;
  close(): Promise<void>;
}

/** Who asks for leases. */
export interface LeaseOwner {
  /** Unique to this app in this process. */
  readonly id: string;
  /** For people: host, process and entry. */
  readonly label: string;
}
