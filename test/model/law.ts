import { isDeepStrictEqual } from 'node:util';
import type { WorkerState } from '../../lib/contract/worker-state.js';
import { isEscalate } from '../../lib/shared/errors.js';
import type { Policy } from '../../lib/supervision/machine/machine.js';

export function must(holds: boolean, law: string, ...about: readonly unknown[]): asserts holds {
  if (!holds) throw new Error(`broken: ${law} ${about.map((one) => JSON.stringify(one)).join(' ')}`);
}

export const isTerminal = ({ status }: WorkerState): boolean => status === 'stopped' || status === 'failed';

/** A heartbeat alone is no change of state. */
export function same(a: WorkerState, b: WorkerState): boolean {
  return isDeepStrictEqual({ ...a, lastHeartbeat: 0 }, { ...b, lastHeartbeat: 0 });
}

/** The `stateChanged` events of one worker: each a change, and each begins where the last ended. */
export class Chain {
  constructor(private last: WorkerState) {}

  add(from: WorkerState, to: WorkerState): void {
    must(same(from, this.last), 'stateChanged events chain without holes', this.last, from);
    must(!same(from, to), 'a stateChanged event is a change', from);
    this.last = to;
  }

  endsAt(state: WorkerState): void {
    must(same(state, this.last), 'every change of state has its event', this.last, state);
  }
}

const RESETS = ['start', 'restart', 'unitCompleted', 'timer', 'ended', 'settled'];

/** What holds between any two states, whatever event lies between. */
export function lawful(from: WorkerState, to: WorkerState, event: string, policy: Policy): void {
  const explicit = event === 'start' || event === 'restart';
  if (isTerminal(from) && !isTerminal(to)) must(explicit, 'a terminal state leaves only by start or restart', event);
  if (isTerminal(from) && isTerminal(to)) must(same(from, to), 'a terminal state is final', from, to);
  if (to.failures < from.failures)
    must(to.failures === 0 && RESETS.includes(event), 'failures are monotone until reset', from, to, event);
  must(to.failures - from.failures <= 1, 'failures are counted one by one', from, to);
  must(to.incarnation >= from.incarnation, 'incarnations only grow', from, to);
  if (to.status === 'running' && from.status !== 'running')
    must(to.failures < policy.maxFailures, 'after maxFailures nothing runs', to);
  if (to.status === 'stopping') must(to.since <= to.deadline, 'a deadline does not lie before its stop', to);
}

/** How often the app must have been told that it is over. */
export const fatalities = (from: WorkerState, to: WorkerState, { critical }: Policy): number =>
  to.status === 'failed' && from.status !== 'failed' && (critical || isEscalate(to.error)) ? 1 : 0;

/** The wait after failure number `failures`, without jitter. */
export const fullWait = ({ backoff }: Policy, failures: number): number =>
  Math.min(backoff.max, backoff.initial * backoff.factor ** (failures - 1));
