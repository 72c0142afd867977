import type { AbortWhy } from '../../shared/errors.js';
import type { After, Effect, Step } from './machine.js';
import { block, enter, step, thenOf, withEffects, type Draft } from './moves.js';

/** Asks the body to stop, or tightens a stop in progress. */
export function stop(draft: Draft, why: AbortWhy, after: After, hardDeadline = Infinity): Step {
  const { machine, policy, event } = draft;
  const { now } = event;
  const before = machine.state.status === 'stopping' ? machine.state : undefined;
  const cap = Math.min(hardDeadline, machine.stopping?.cap ?? now + policy.shutdownTimeout);
  const deadline = Math.max(now, Math.min(before?.deadline ?? now + policy.stopTimeout, cap));
  const cancelAt = deadline - Math.min(policy.cancelGrace, (deadline - now) / 2);
  const cancelled = machine.stopping !== undefined && machine.stopping.cancelAt === undefined;
  const state = enter(draft, { status: 'stopping', since: before?.since ?? now, deadline, then: thenOf(after) });
  return step(
    {
      ...machine,
      after,
      state,
      stopping: {
        why,
        cap,
        cancelAt: cancelled ? undefined : Math.min(cancelAt, machine.stopping?.cancelAt ?? Infinity),
      },
    },
    { type: 'ask', why, deadline },
  );
}

/** More time to stop, within its cap. */
export function extended({ machine, event: { now } }: Draft, ms: number): Step {
  const { state, stopping } = machine;
  if (state.status !== 'stopping' || !stopping) return step(machine);
  const deadline = Math.max(state.deadline, Math.min(stopping.cap, now + ms));
  const cancelAt = stopping.cancelAt === undefined ? undefined : stopping.cancelAt + deadline - state.deadline;
  return step({ ...machine, state: { ...state, deadline }, stopping: { ...stopping, cancelAt } });
}

/** The deadline has passed, or somebody would not wait for it. */
export function abandon(draft: Draft): Step {
  const { after, stopping } = draft.machine;
  if (!after || !stopping) return step(draft.machine);
  const cancel: readonly Effect[] = stopping.cancelAt === undefined ? [] : [{ type: 'cancel', why: stopping.why }];
  return withEffects(
    block(draft, after),
    ...cancel,
    { type: 'report', event: { type: 'abandoned' } },
    { type: 'abandon' },
  );
}

/** While stopping or waiting for a body: something else follows. */
export function redirect({ machine }: Draft, from: readonly After['type'][], after: After): Step {
  if (machine.after === undefined || !from.includes(machine.after.type)) return step(machine);
  const { state } = machine;
  return step({ ...machine, after, state: state.status === 'stopping' ? { ...state, then: thenOf(after) } : state });
}
