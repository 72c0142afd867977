import type { EventBody } from '../../contract/events.js';
import type { StoppedReason, WaitingOn, WorkerState } from '../../contract/worker-state.js';
import type { WorkerDefinition } from '../../definition/definition.js';
import type { Timetable } from '../../shared/alarm.js';
import type { AbortWhy } from '../../shared/errors.js';
import type { Gate, Outcome } from '../ports.js';

/** What the transitions go by. */
export interface Policy extends WorkerDefinition {
  /** What it must pass before it runs, in order: those of the very gates that its supervisor has; absent where it has none. */
  readonly gates?: readonly Gate['on'][];
}

/** What follows once no body lives any more. */
export type After =
  | { readonly type: 'stop'; readonly reason: StoppedReason }
  | { readonly type: 'fail'; readonly error: unknown; readonly fatal: boolean }
  | { readonly type: 'backoff'; readonly until: number; readonly error?: unknown }
  | { readonly type: 'run' | 'schedule' | 'wait' | 'pause'; readonly error?: unknown };

/** How a stop in progress goes. */
export interface Stopping {
  readonly why: AbortWhy;
  /** When units' signals abort; absent once they have. */
  readonly cancelAt?: number;
  /** No extension reaches beyond. */
  readonly cap: number;
}

/** All that the supervisor of one worker knows; timers are a function of it. */
export interface Machine {
  readonly state: WorkerState;
  /** A body lives, waited for or abandoned. */
  readonly live: boolean;
  /** How many gates are passed. */
  readonly passed: number;
  /** While stopping, or waiting for a body. */
  readonly after?: After;
  /** While stopping. */
  readonly stopping?: Stopping;
  /** The slot of a tick that comes next, or, once taken, that was the last. */
  readonly slot?: { readonly at: number; readonly taken: boolean };
  /** A tick was asked for that could not begin yet. */
  readonly triggered: boolean;
  /** The tick that runs was already reported as overdue. */
  readonly overdue: boolean;
}

export type TimerName = 'backoff' | 'slot' | 'heartbeat' | 'ready' | 'overdue' | 'reset' | 'grace' | 'deadline';

/**
 * @property now monotonic
 * @property wall the wall clock: after a suspended host it is ahead of the other
 * @property draw from [0, 1), for jitter
 */
export type MachineEvent = { readonly now: number; readonly wall: number; readonly draw: number } & MachineInput;

export type MachineInput =
  | {
      readonly type:
        | 'start'
        | 'restart'
        | 'pause'
        | 'resume'
        | 'trigger'
        | 'disable'
        | 'abandon'
        | 'gateWon'
        | 'ready'
        | 'beat'
        | 'unitCompleted';
    }
  | { readonly type: 'stop'; readonly reason: 'requested' | 'shutdown'; readonly deadline?: number }
  /** What is known of who holds what is waited for. */
  | { readonly type: 'gateTold'; readonly detail: string }
  | { readonly type: 'gateFailed'; readonly error: unknown }
  | { readonly type: 'gateLost'; readonly why: AbortWhy }
  | { readonly type: 'extendStop'; readonly ms: number }
  | { readonly type: 'ended' | 'settled'; readonly outcome: Outcome }
  | { readonly type: 'timer'; readonly timer: TimerName };

export type Effect =
  | { readonly type: 'enter'; readonly gate: number }
  /** @property type `abandon`: nobody waits any longer for the body to settle */
  | { readonly type: 'leave' | 'wake' | 'abandon' }
  | { readonly type: 'run'; readonly incarnation: number; readonly scheduledAt: number }
  | { readonly type: 'ask' | 'cancel'; readonly why: AbortWhy; readonly deadline?: number }
  | { readonly type: 'report'; readonly event: EventBody }
  | { readonly type: 'fail'; readonly error: unknown; readonly retryIn?: number }
  | { readonly type: 'fatal'; readonly error: unknown };

export interface Step {
  readonly machine: Machine;
  readonly effects: readonly Effect[];
}

export const newMachine: Machine = {
  state: { status: 'idle', failures: 0, incarnation: 0 },
  live: false,
  passed: 0,
  after: undefined,
  stopping: undefined,
  slot: undefined,
  triggered: false,
  overdue: false,
};

/** Limits on somebody's code: time at a breakpoint does not count. */
export const LIMITS: readonly TimerName[] = ['heartbeat', 'ready', 'overdue', 'grace', 'deadline'];

/** When each timer is due; what is not named is not armed. */
export function timersOf({ state, stopping, overdue }: Machine, policy: Policy): Timetable<TimerName> {
  switch (state.status) {
    case 'waiting':
      return state.until === undefined ? {} : timerOf(state.on, state.until);
    case 'running':
      return {
        heartbeat: policy.heartbeatTimeout && (state.lastHeartbeat ?? state.since) + policy.heartbeatTimeout,
        ready:
          policy.kind.type === 'loop' && policy.kind.readyTimeout && !state.ready
            ? state.since + policy.kind.readyTimeout
            : undefined,
        overdue: policy.kind.type === 'tick' && !overdue ? state.since + policy.kind.schedule.overdueAfter : undefined,
        reset: state.failures > 0 ? state.since + policy.backoff.resetAfter : undefined,
      };
    case 'stopping':
      return { grace: stopping?.cancelAt, deadline: state.deadline };
    case 'idle':
    case 'paused':
    case 'stopped':
    case 'failed':
      return {};
    default:
      return state satisfies never;
  }
}

/** @param until of a body that is waited for, when its backoff would end */
function timerOf(on: WaitingOn, until: number): Timetable<TimerName> {
  switch (on) {
    case 'backoff':
      return { backoff: until };
    case 'schedule':
      return { slot: until };
    case 'guard':
    case 'lease':
    case 'body':
      return {};
    default:
      return on satisfies never;
  }
}

/** Everything but a heartbeat alone is a change. */
export function isChange(from: WorkerState, to: WorkerState): boolean {
  if (from === to) return false;
  if (from.status !== to.status) return true;
  const keys = new Set([...Object.keys(from), ...Object.keys(to)]);
  keys.delete('lastHeartbeat');
  return [...keys].some((key) => from[key as keyof WorkerState] !== to[key as keyof WorkerState]);
}
