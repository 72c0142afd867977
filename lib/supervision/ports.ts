import type { WaitingOn } from '../contract/worker-state.js';
import type { WorkerAborted } from '../shared/errors.js';

/** What a worker must pass before it runs. The guard and the leases implement it; supervision knows no more of them. */
export interface Gate {
  readonly on: Extract<WaitingOn, 'guard' | 'lease'>;
  /** @param signal aborts when the worker no longer wants to enter; a pass that comes later is given back at once */
  enter(signal: AbortSignal): Promise<Pass>;
}

export interface Pass {
  /** Aborts when the pass is lost; the reason, a WorkerAborted, says why. */
  readonly signal: AbortSignal;
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
  report(signal: BodySignal): void;
}

/** One live body: `run` with its children and units. */
export interface LiveBody {
  /** Stop is asked: begin nothing new, finish what is in flight. */
  ask(reason: WorkerAborted): void;
  /** Abort what is in flight, now. */
  cancel(reason: WorkerAborted): void;
  /** Ends a loop's sleep. */
  wake(): void;
}

/** How a definition's `run` is executed. Implemented by `execution`. */
export interface Body {
  /** Must not throw; reports `settled` exactly once, not before this returned. */
  start(run: Run): LiveBody;
}
