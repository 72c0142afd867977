import type { Lease } from '../contract/lease.js';
import type { WaitingOn } from '../contract/worker-state.js';
import type { WorkerAborted } from '../shared/errors.js';

/** Which part of a worker that runs in several: a shard. */
export interface Part {
  readonly index: number;
  readonly count: number;
}

/** A worker, or one part of it. */
export interface UnitId {
  readonly worker: string;
  readonly part?: Part;
}

/** `probe`, or `probe#2`. */
export const nameOf = ({ worker, part }: UnitId): string => (part ? `${worker}#${part.index}` : worker);

/** Says who must pass what before it runs: the guard, the leases. Those of an app are told to the host in a constructor. */
export interface GateKeeper {
  /** Asked once, when the worker is made. */
  gateOf(unit: UnitId): Gate | undefined;
  /** Called once, before the first worker starts. Bootstrap waits for it: it must end by itself in time. */
  start(): Promise<void>;
  /** The app stops. A `start` that has not ended yet ends now. */
  beginClose(): void;
  /** The app's hooks are over. What was abandoned may still live, and has not left. */
  endClose(): void;
}

/** What a worker must pass before it runs. Supervision knows no more of guard and leases. */
export interface Gate {
  readonly on: Extract<WaitingOn, 'guard' | 'lease'>;
  /**
   * @param signal aborts when the worker no longer wants to enter; a pass that comes later is given back at once
   * @param tell who holds it, as often as that changes: it is the `detail` of the state
   */
  enter(signal: AbortSignal, tell: (detail: string) => void): Promise<Pass>;
}

export interface Pass {
  /** Aborts when the pass is lost; the reason, a WorkerAborted, says why. */
  readonly signal: AbortSignal;
  /** `ctx.lease` of what runs under it. */
  readonly lease?: Lease;
  /** Called once, when no body lives any more. */
  leave(): void;
}

export type Outcome =
  | { readonly type: 'completed' }
  /** Clean, after its own signal aborted. */
  | { readonly type: 'aborted' }
  /** @property within runs a function in the context in which the error came up */
  | { readonly type: 'failed'; readonly error: unknown; readonly within?: <R>(fn: () => R) => R };

export type BodySignal =
  | { readonly type: 'ready' | 'beat' | 'unitCompleted' }
  | { readonly type: 'extendStop'; readonly ms: number }
  /** `run` ended, but something of it still lives. */
  | { readonly type: 'ended'; readonly outcome: Outcome }
  /** Nothing of the body lives any more. */
  | { readonly type: 'settled'; readonly outcome: Outcome };

export interface Run {
  readonly incarnation: number;
  /** The slot of a tick, in epoch milliseconds. */
  readonly scheduledAt: number;
  /** Of the last gate that gave one. */
  readonly lease: Lease | undefined;
  readonly shard: Part | undefined;
  report(signal: BodySignal): void;
}

/** One live body: `run` with its children and units. */
export interface LiveBody {
  /** Stop is asked: begin nothing new, finish what is in flight. */
  ask(reason: WorkerAborted): void;
  /** Abort what is in flight, now. */
  cancel(reason: WorkerAborted): void;
  /** Nobody waits for it any more: it is ended by force, and settles. Absent where that cannot be: code in this thread. */
  abandon?(): void;
  /** Ends a loop's sleep. */
  wake(): void;
}

/** How a definition's `run` is executed. Implemented by `execution`. */
export interface Body {
  /** Must not throw; reports `settled` exactly once, not before this returned. */
  start(run: Run): LiveBody;
}
