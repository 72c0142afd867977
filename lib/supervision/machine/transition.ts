import { isAlive, isOver } from '../../contract/worker-state.js';
import { isChange, type After, type Machine, type MachineEvent, type Policy, type Step } from './machine.js';
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
import { onBeat, onEnded, onGateLost, onGateTold, onSettled, onTimer } from './reactions.js';
import { gateVerdict } from './verdict.js';
import { abandon, extended, redirect, stop } from './stopping.js';

/**
 * The whole of supervision: what a worker's machine becomes at an event, and what is to be done about it. Pure.
 * (State as a union: after cockatiel's CircuitBreakerPolicy; terminal states: after Guava's AbstractService.)
 */
export function transition(machine: Machine, event: MachineEvent, policy: Policy): Step {
  const result = react({ machine, event, policy });
  const { state: from } = machine;
  const { state: to } = result.machine;
  if (!isChange(from, to)) return result;
  return { ...result, effects: [{ type: 'report', event: { type: 'stateChanged', from, to } }, ...result.effects] };
}

function react(draft: Draft): Step {
  const { machine, event } = draft;
  switch (event.type) {
    case 'start':
      return onStart(draft);
    case 'restart':
      return onRestart(draft);
    case 'stop':
      return onStop(draft, event.reason, event.deadline);
    case 'pause':
      return onPause(draft);
    case 'resume':
      return machine.state.status === 'paused' ? proceed(draft) : redirect(draft, ['pause'], { type: 'run' });
    case 'trigger':
      return onTrigger(draft);
    case 'disable':
      return machine.state.status === 'idle' ? apply(draft, { type: 'stop', reason: 'disabled' }) : step(machine);
    case 'gateWon':
      return waitsAtGate(machine) ? proceed(next(draft, { passed: machine.passed + 1 })) : step(machine);
    case 'gateTold':
      return onGateTold(draft, event.detail);
    case 'gateFailed':
      return waitsAtGate(machine) ? gateVerdict(draft, event.error) : step(machine);
    case 'gateLost':
      return onGateLost(draft, event.why);
    case 'ended':
      return onEnded(draft, event.outcome);
    case 'settled':
      return onSettled(draft, event.outcome);
    case 'timer':
      return onTimer(draft, event.timer);
    case 'abandon':
      return machine.state.status === 'stopping' ? abandon(draft) : step(machine);
    case 'extendStop':
      return extended(draft, event.ms);
    case 'ready':
      return machine.state.status === 'running' ? withState(draft, { ...machine.state, ready: true }) : step(machine);
    case 'beat':
    case 'unitCompleted':
      return onBeat(draft, event.type === 'unitCompleted');
    default:
      return event satisfies never;
  }
}

function activate(draft: Draft): Draft {
  const { state } = draft.machine;
  const incarnation = state.incarnation + (draft.policy.kind.type === 'tick' ? 1 : 0);
  return next(draft, { slot: undefined, state: { ...state, failures: 0, incarnation } });
}

function onStart(draft: Draft): Step {
  const { state, after } = draft.machine;
  if (!isAlive(state)) return proceed(activate(draft));
  const over = (after?.type === 'stop' && after.reason !== 'shutdown') || after?.type === 'fail';
  return state.status === 'stopping' && over
    ? redirect(activate(draft), ['stop', 'fail'], { type: 'run' })
    : step(draft.machine);
}

function onRestart(draft: Draft): Step {
  const { machine } = draft;
  if (machine.after?.type === 'stop' && machine.after.reason === 'shutdown') return step(machine);
  const active = activate(draft);
  if (waitsAtGate(machine)) return step(active.machine);
  if (machine.state.status === 'running') return stop(active, 'restart', { type: 'run' });
  return machine.state.status === 'stopping'
    ? redirect(active, [active.machine.after?.type ?? 'run'], { type: 'run' })
    : proceed(active);
}

function onStop(draft: Draft, reason: 'requested' | 'shutdown', deadline?: number): Step {
  const after: After = { type: 'stop', reason };
  if (isOver(draft.machine.state)) return step(draft.machine);
  if (!draft.machine.live) return apply(draft, after);
  return stop(draft, reason === 'shutdown' ? 'shutdown' : 'stop', isFinal(draft.machine.after) ?? after, deadline);
}

/** A failure, or the end of the app: a mere stop changes nothing about it. */
const isFinal = (after: After | undefined): After | undefined =>
  after?.type === 'fail' || (after?.type === 'stop' && after.reason === 'shutdown') ? after : undefined;

function onPause(given: Draft): Step {
  const draft = next(given, { triggered: false });
  const { machine } = draft;
  switch (machine.state.status) {
    case 'running':
      return stop(draft, 'pause', { type: 'pause' });
    case 'waiting':
      return waitsAtGate(machine)
        ? withEffects(apply(next(draft, { passed: 0 }), { type: 'pause' }), { type: 'leave' })
        : (machine.live ? block : apply)(draft, { type: 'pause' });
    case 'stopping':
      return redirect(draft, ['run', 'backoff', 'schedule', 'wait'], { type: 'pause' });
    case 'idle':
    case 'paused':
    case 'stopped':
    case 'failed':
      return step(machine);
    default:
      return machine.state satisfies never;
  }
}

function onTrigger(draft: Draft): Step {
  const { machine, policy, event } = draft;
  const { state } = machine;
  if (policy.kind.type === 'loop') {
    if (state.status === 'running') return withEffects(step(machine), { type: 'wake' });
    return state.status === 'waiting' && state.on === 'backoff' ? proceed(draft) : step(machine);
  }
  const kept = { triggered: true };
  switch (state.status) {
    case 'waiting':
      if (state.on === 'schedule') return runTick(draft, event.now);
      return state.on === 'backoff' ? proceed(next(draft, kept)) : step({ ...machine, ...kept });
    case 'running':
      return step({ ...machine, ...kept });
    case 'stopping':
      return machine.after?.type === 'stop' || machine.after?.type === 'pause'
        ? step(machine)
        : step({ ...machine, ...kept });
    case 'idle':
    case 'paused':
    case 'stopped':
    case 'failed':
      return step(machine);
    default:
      return state satisfies never;
  }
}
