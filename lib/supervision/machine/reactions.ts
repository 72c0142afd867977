import type { AbortWhy } from '../../shared/errors.js';
import type { Step, TimerName } from './machine.js';
import {
  apply,
  block,
  next,
  proceed,
  runTick,
  step,
  waitsAtGate,
  withEffects,
  withState,
  type Draft,
} from './moves.js';
import type { Outcome } from '../ports.js';
import { notReady, stalled, verdict } from './verdict.js';
import { abandon, redirect, stop } from './stopping.js';

export function onGateTold(draft: Draft, detail: string): Step {
  const { state } = draft.machine;
  return state.status === 'waiting' && waitsAtGate(draft.machine)
    ? withState(draft, { ...state, detail })
    : step(draft.machine);
}

export function onGateLost(draft: Draft, why: AbortWhy): Step {
  const lost = next(draft, { passed: 0 });
  const { state } = lost.machine;
  const cut = why === 'hand-over' ? [] : [{ type: 'cancel', why } as const];
  switch (state.status) {
    case 'running':
      return withEffects(stop(lost, why, { type: 'wait' }), ...cut);
    case 'stopping':
      return withEffects(redirect(lost, ['run', 'backoff', 'schedule'], { type: 'wait' }), ...cut);
    case 'waiting':
      if (lost.machine.live) return step(lost.machine);
      return state.on === 'backoff'
        ? withEffects(step(lost.machine), { type: 'leave' })
        : apply(lost, { type: 'wait' });
    case 'paused':
      return withEffects(step(lost.machine), ...(lost.machine.live ? [] : [{ type: 'leave' } as const]));
    case 'idle':
    case 'stopped':
    case 'failed':
      return step(lost.machine);
    default:
      return state satisfies never;
  }
}

export function onEnded(draft: Draft, outcome: Outcome): Step {
  if (draft.machine.state.status !== 'running') return failedLate(step(draft.machine), outcome);
  const { draft: judged, after, effects } = verdict(draft, outcome);
  const follow = draft.policy.kind.type === 'tick' ? block(judged, after) : stop(judged, 'failed', after);
  return withEffects(follow, ...effects);
}

export function onSettled(draft: Draft, outcome: Outcome): Step {
  const dead = next(draft, { live: false, stopping: undefined });
  const { state, after } = draft.machine;
  if (state.status === 'running') {
    const { draft: judged, after: follow, effects } = verdict(dead, outcome);
    return withEffects(apply(judged, follow), ...effects);
  }
  if (state.status === 'stopping' && after) return failedLate(apply(dead, after), outcome);
  const settled = after && state.status === 'waiting' ? apply(dead, after) : afterTheEnd(dead);
  return failedLate(withEffects(settled, { type: 'report', event: { type: 'lateSettlement' } }), outcome);
}

/** A terminal or paused worker whose abandoned body has settled: the gates are left as soon as no body lives. */
function afterTheEnd({ machine }: Draft): Step {
  const keeps = machine.state.status === 'paused' && machine.passed > 0;
  return keeps ? step(machine) : withEffects(step({ ...machine, passed: 0 }), { type: 'leave' });
}

const failedLate = (result: Step, outcome: Outcome): Step =>
  outcome.type === 'failed'
    ? withEffects(result, { type: 'report', event: { type: 'failedWhileStopping', error: outcome.error } })
    : result;

export function onBeat(draft: Draft, unit: boolean): Step {
  const { state } = draft.machine;
  if (state.status !== 'running') return step(draft.machine);
  return withState(draft, { ...state, lastHeartbeat: draft.event.now, failures: unit ? 0 : state.failures });
}

export function onTimer(draft: Draft, timer: TimerName): Step {
  const { machine, event } = draft;
  const { state } = machine;
  switch (timer) {
    case 'backoff':
      return proceed(draft);
    case 'slot':
      return runTick(draft, machine.slot?.at ?? event.now, true);
    case 'reset':
      return withState(draft, { ...state, failures: 0 });
    case 'overdue':
      return withEffects(step({ ...machine, overdue: true }), {
        type: 'report',
        event: { type: 'overdue', sinceMs: state.status === 'running' ? event.now - state.since : 0 },
      });
    case 'ready':
      return notReady(draft);
    case 'heartbeat':
      return stalled(draft);
    case 'grace':
      return machine.stopping
        ? withEffects(step({ ...machine, stopping: { ...machine.stopping, cancelAt: undefined } }), {
            type: 'cancel',
            why: machine.stopping.why,
          })
        : step(machine);
    case 'deadline':
      return state.status === 'stopping' ? abandon(draft) : step(machine);
    default:
      return timer satisfies never;
  }
}
