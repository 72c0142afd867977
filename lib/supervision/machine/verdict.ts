import { backoffDelay } from '../../shared/backoff.js';
import { BackgroundWorkerError, WorkerAborted, isDoNotRestart, isEscalate } from '../../shared/errors.js';
import type { After, Effect, Step } from './machine.js';
import { apply, block, next, withEffects, type Draft } from './moves.js';
import type { Outcome } from '../ports.js';
import { stop } from './stopping.js';

interface Verdict {
  readonly draft: Draft;
  readonly after: After;
  readonly effects: readonly Effect[];
}

/** What a body's outcome means for its worker. */
export function verdict(draft: Draft, outcome: Outcome): Verdict {
  if (outcome.type === 'failed') return failure(draft, outcome.error);
  const { policy, event, machine } = draft;
  const well = next(draft, { state: { ...machine.state, failures: 0 } });
  if (policy.kind.type === 'tick') return { draft: well, after: { type: 'schedule' }, effects: [] };
  const again = policy.kind.restart === 'always';
  return {
    draft: well,
    after: again
      ? { type: 'backoff', until: event.now + policy.backoff.initial }
      : { type: 'stop', reason: 'completed' },
    effects: [],
  };
}

function failure(draft: Draft, error: unknown, always?: 'backoff'): Verdict {
  const { policy, event, machine } = draft;
  const failures = machine.state.failures + 1;
  const counted = next(draft, { state: { ...machine.state, failures } });
  const judged = (after: After, retryIn?: number): Verdict => ({
    draft: counted,
    after,
    effects: [{ type: 'fail', error, retryIn }],
  });
  if (isDoNotRestart(error)) return judged({ type: 'stop', reason: 'do-not-restart' });
  const never = policy.kind.type === 'loop' && policy.kind.restart === 'never' && !always;
  if (isEscalate(error) || never || failures >= policy.maxFailures) {
    return judged({ type: 'fail', error, fatal: policy.critical || isEscalate(error) });
  }
  if (policy.kind.type === 'tick' && !always) {
    const { slot } = machine;
    const at = slot && policy.kind.schedule.next(slot.at, slot.taken, event.now);
    return judged({ type: 'schedule', error }, at && Math.max(0, at - event.now));
  }
  const wait = backoffDelay(policy.backoff, failures, event.draw);
  return judged({ type: 'backoff', until: event.now + wait, error }, wait);
}

/** The gate itself failed: the gates are left, and entered again after the backoff. */
export function gateVerdict(draft: Draft, error: unknown): Step {
  const { draft: judged, after, effects } = failure(next(draft, { passed: 0 }), error, 'backoff');
  return withEffects(apply(judged, after), ...effects);
}

export const elapsed = ({ machine: { state }, event }: Draft): number =>
  state.status === 'running' ? event.now - (state.lastHeartbeat ?? state.since) : 0;

/** No heartbeat in time: the incarnation failed, and blocks the next until it has settled. */
export function stalled(draft: Draft): Step {
  const error = new WorkerAborted('stall', draft.policy.name);
  const { draft: judged, after, effects } = failure(draft, error);
  return withEffects(
    block(judged, after),
    { type: 'report', event: { type: 'stalled', sinceMs: elapsed(draft) } },
    { type: 'ask', why: 'stall' },
    { type: 'cancel', why: 'stall' },
    { type: 'abandon' },
    ...effects,
  );
}

/** `ctx.ready()` was not called in time: the body is asked to stop, and drained. */
export function notReady(draft: Draft): Step {
  const { kind, name } = draft.policy;
  const limit = kind.type === 'loop' ? kind.readyTimeout : undefined;
  const error = new BackgroundWorkerError(
    'BGW_NOT_READY',
    `${name}: ctx.ready() was not called within readyTimeout (${limit} ms)`,
  );
  const { draft: judged, after, effects } = failure(draft, error);
  return withEffects(stop(judged, 'failed', after), ...effects);
}
