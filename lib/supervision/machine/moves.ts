import { isAtGate, type WaitingOn, type WorkerState } from '../../contract/worker-state.js';
import type { After, Effect, Machine, MachineEvent, Policy, Step } from './machine.js';

/** A machine on its way through one transition. */
export interface Draft {
  readonly machine: Machine;
  readonly event: MachineEvent;
  readonly policy: Policy;
}

export const withState = (draft: Draft, state: WorkerState): Step => step({ ...draft.machine, state });
export const waitsAtGate = ({ state }: Machine): boolean => isAtGate(state);

type Distribute<S> = S extends unknown ? Omit<S, 'failures' | 'incarnation'> : never;

export const step = (machine: Machine, ...effects: readonly Effect[]): Step => ({ machine, effects });
export const withEffects = ({ machine, effects }: Step, ...more: readonly Effect[]): Step => ({
  machine,
  effects: [...effects, ...more],
});
export const next = (draft: Draft, patch: Partial<Machine>): Draft => ({
  ...draft,
  machine: { ...draft.machine, ...patch },
});

export const enter = ({ machine }: Draft, state: Distribute<WorkerState>): WorkerState => {
  const { failures, incarnation } = machine.state;
  return { failures, incarnation, ...state };
};

/** Literals: what a spread adds lies outside of the object, and most workers wait most of the time. */
function waiting(
  { machine }: Draft,
  on: WaitingOn,
  { until, error }: { until?: number; error?: unknown },
): WorkerState {
  const { failures, incarnation } = machine.state;
  const state: WorkerState =
    until === undefined
      ? { status: 'waiting', on, failures, incarnation }
      : { status: 'waiting', on, until, failures, incarnation };
  return error === undefined ? state : { ...state, error };
}

const THEN: Readonly<Record<After['type'], Extract<WorkerState, { status: 'stopping' }>['then']>> = {
  stop: 'stop',
  fail: 'fail',
  pause: 'pause',
  wait: 'wait',
  backoff: 'restart',
  run: 'restart',
  schedule: 'restart',
};
export const thenOf = ({ type }: After): (typeof THEN)[typeof type] => THEN[type];

/** The worker wants to run: past the gates, then the body, or the schedule of a tick. */
export function proceed(draft: Draft, error?: unknown): Step {
  const { machine, policy, event } = draft;
  if (machine.live) return block(draft, { type: 'run', error });
  const idle = { ...machine, after: undefined, stopping: undefined };
  const gate = policy.gates?.[machine.passed];
  if (gate !== undefined) {
    return step({ ...idle, state: waiting(draft, gate, { error }) }, { type: 'enter', gate: machine.passed });
  }
  const { kind } = policy;
  if (kind.type === 'loop')
    return runBody(next(draft, { state: { ...machine.state, incarnation: machine.state.incarnation + 1 } }), event.now);
  if (machine.triggered) return runTick(draft, event.now);
  const { schedule } = kind;
  const at = machine.slot ? schedule.next(machine.slot.at, machine.slot.taken, event.now) : schedule.first(event.now);
  const due = at + schedule.jitter * event.draw;
  if (due <= event.now) return runTick(next(draft, { slot: { at, taken: false } }), at, true);
  return step({
    ...idle,
    slot: { at, taken: false },
    state: waiting(draft, 'schedule', { until: due, error }),
  });
}

export function runTick(draft: Draft, scheduledAt: number, taken = false): Step {
  const { slot } = draft.machine;
  return runBody(next(draft, { triggered: false, slot: slot && { ...slot, taken: taken || slot.taken } }), scheduledAt);
}

function runBody(draft: Draft, scheduledAt: number): Step {
  const { machine, policy, event } = draft;
  const ready = policy.kind.type === 'tick' || policy.kind.readyTimeout === undefined;
  const beat = policy.heartbeatTimeout === undefined ? {} : { lastHeartbeat: event.now };
  const state = enter(draft, { status: 'running', since: event.now, ready, ...beat });
  return step(
    { ...machine, state, live: true, overdue: false, after: undefined, stopping: undefined },
    { type: 'run', incarnation: state.incarnation, scheduledAt },
  );
}

/** No body lives: what was to follow, follows. */
export function apply(draft: Draft, after: After): Step {
  const machine = { ...draft.machine, after: undefined, stopping: undefined };
  const lostPass = machine.passed === 0 && draft.policy.gates?.[0] !== undefined;
  switch (after.type) {
    case 'stop':
      return step(
        {
          ...machine,
          passed: 0,
          triggered: false,
          state: enter(draft, { status: 'stopped', reason: after.reason, abandoned: false }),
        },
        { type: 'leave' },
      );
    case 'fail':
      return withEffects(failed(draft, after), { type: 'leave' });
    case 'backoff': {
      const state = waiting(draft, 'backoff', after);
      return step({ ...machine, state }, ...(lostPass ? [{ type: 'leave' } as const] : []));
    }
    case 'pause':
      return step(
        { ...machine, state: enter(draft, { status: 'paused' }) },
        ...(lostPass ? [{ type: 'leave' } as const] : []),
      );
    case 'wait':
      return first({ type: 'leave' }, proceed(next(draft, { passed: 0 }), after.error));
    case 'run':
    case 'schedule':
      return lostPass ? first({ type: 'leave' }, proceed(draft, after.error)) : proceed(draft, after.error);
    default:
      return after satisfies never;
  }
}

const first = (effect: Effect, { machine, effects }: Step): Step => ({ machine, effects: [effect, ...effects] });

const failed = (draft: Draft, after: Extract<After, { type: 'fail' }>): Step =>
  step(
    {
      ...draft.machine,
      after: undefined,
      stopping: undefined,
      triggered: false,
      passed: draft.machine.live ? draft.machine.passed : 0,
      state: enter(draft, { status: 'failed', error: after.error }),
    },
    ...(after.fatal ? [{ type: 'fatal', error: after.error } as const] : []),
  );

/** A body lives that nobody waits for any more: it blocks the next until it has settled. */
export function block(draft: Draft, after: After): Step {
  const machine = { ...draft.machine, after: undefined, stopping: undefined };
  switch (after.type) {
    case 'stop':
      return step({
        ...machine,
        triggered: false,
        state: enter(draft, { status: 'stopped', reason: after.reason, abandoned: true }),
      });
    case 'fail':
      return failed(draft, after);
    case 'pause':
      return step({ ...machine, state: enter(draft, { status: 'paused' }) });
    case 'backoff':
    case 'run':
    case 'schedule':
    case 'wait': {
      const until = after.type === 'backoff' ? after.until : undefined;
      return step({
        ...machine,
        after,
        state: waiting(draft, 'body', { until, error: after.error }),
      });
    }
    default:
      return after satisfies never;
  }
}
