/**
 * What a worker that is alive but not running waits for. `body`: an earlier body that has not settled yet.
 *
 * @example
 * ```ts
 * const isHeldUp = (on: WaitingOn) => on === 'guard' || on === 'lease';
 * ```
 */
export type WaitingOn = 'guard' | 'lease' | 'backoff' | 'schedule' | 'body';

/**
 * Why a worker is stopped. 'completed' is a loop that returned; 'requested' was `stop()`; 'disabled' was never started in this process.
 *
 * @example
 * ```ts
 * const isForGood = (reason: StoppedReason) => reason === 'completed' || reason === 'do-not-restart';
 * ```
 */
export type StoppedReason = 'completed' | 'requested' | 'shutdown' | 'do-not-restart' | 'disabled';

/**
 * Times are milliseconds on the scale of the epoch.
 *
 * @example
 * ```ts
 * function describe(state: WorkerState): string {
 *   if (state.status === 'waiting') return `waits on ${state.on}`;
 *   return state.status === 'failed' ? `failed: ${String(state.error)}` : state.status;
 * }
 * ```
 */
export type WorkerState = {
  /** Consecutive ones; a completed unit, `resetAfter` without another, or an explicit start sets it to 0. */
  readonly failures: number;
  /** 1 for the first run, one more at each restart; 0 before. */
  readonly incarnation: number;
} & (
  | { readonly status: 'idle' }
  | {
      readonly status: 'waiting';
      readonly on: WaitingOn;
      readonly until?: number;
      /** The holder of what the worker waits for, where its gate knows. */
      readonly detail?: string;
      /** The failure that led here. */
      readonly error?: unknown;
    }
  | { readonly status: 'running'; readonly since: number; readonly ready: boolean; readonly lastHeartbeat?: number }
  | { readonly status: 'paused' }
  | {
      readonly status: 'stopping';
      readonly since: number;
      readonly deadline: number;
      readonly then: 'stop' | 'restart' | 'fail' | 'wait' | 'pause';
    }
  | { readonly status: 'stopped'; readonly reason: StoppedReason; readonly abandoned: boolean }
  | { readonly status: 'failed'; readonly error: unknown }
);

/**
 * What became of the workers that were asked to stop.
 *
 * @example
 * ```ts
 * const isClean = ({ abandoned }: StopReport) => abandoned.length === 0;
 * ```
 */
export interface StopReport {
  /** Drained in time. */
  readonly stopped: readonly string[];
  /** Still running when their time was up. */
  readonly abandoned: readonly string[];
  /** How long it took, in milliseconds. */
  readonly ms: number;
}

const LIFE: Readonly<Record<WorkerState['status'], 'before' | 'alive' | 'over'>> = {
  idle: 'before',
  waiting: 'alive',
  running: 'alive',
  paused: 'alive',
  stopping: 'alive',
  stopped: 'over',
  failed: 'over',
};

/** Waiting, running, paused or stopping. */
export const isAlive = ({ status }: WorkerState): boolean => LIFE[status] === 'alive';
/** Stopped or failed: only somebody's wish starts it again. */
export const isOver = ({ status }: WorkerState): boolean => LIFE[status] === 'over';

const AT_GATE: Readonly<Record<WaitingOn, boolean>> = {
  guard: true,
  lease: true,
  backoff: false,
  schedule: false,
  body: false,
};
/** Others decide when it goes on. */
export const isAtGate = (state: WorkerState): boolean => state.status === 'waiting' && AT_GATE[state.on];
