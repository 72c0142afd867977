import { isAlive, type WorkerState } from '../contract/worker-state.js';
import type { Peer } from '../host/peers.js';
import { WorkerAborted } from '../shared/errors.js';
import type { GateKeeper, Part } from './ports.js';
import type { Supervisor } from './supervisor.js';

/** What an adapter sees of a worker, or of one part of it. */
export interface WorkerUnit {
  /** `probe`, or `probe#2`. */
  readonly name: string;
  readonly worker: string;
  readonly part?: Part;
  readonly critical: boolean;
  readonly state: WorkerState;
  /** Its body gave no sign of life within `heartbeatTimeout`, and has not settled since. */
  readonly isStalled: boolean;
}

/** What an adapter may ask of the app that it is in. */
export interface WorkerHost {
  /**
   * Every worker asks it for a gate. To be called in a constructor: later the workers are made.
   * @throws BackgroundWorkerError `BGW_TOO_LATE`
   */
  keep(keeper: GateKeeper): void;
  /**
   * An optional package: loaded in `onModuleInit`. To be called in a constructor.
   * @returns what was loaded, for use from bootstrap on
   * @throws BackgroundWorkerError `BGW_TOO_LATE`
   */
  need<T>(peer: Peer<T>): () => T;
  /** The app's workers, as they are now. In `onModuleInit` at the earliest. */
  units(): readonly WorkerUnit[];
}

/** The injection token of the WorkerHost. */
export const WORKER_HOST = Symbol('nestjs-background-worker:host');

/** What the app's host shows of a supervised unit. */
export const unitView = ({ definition, policy, part, state, machine }: Supervisor): WorkerUnit => ({
  name: policy.name,
  worker: definition.name,
  part,
  critical: policy.critical,
  state,
  isStalled: machine.live && isStall(state),
});

/** Waits for its last body, or failed, because of a stall. */
function isStall(state: WorkerState): boolean {
  const error = state.status === 'failed' || isAlive(state) ? (state as { error?: unknown }).error : undefined;
  return error instanceof WorkerAborted && error.why === 'stall';
}
