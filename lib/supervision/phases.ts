import { isAlive, isAtGate, type StopReport } from '../contract/worker-state.js';
import type { Clock } from '../shared/clock.js';
import type { Supervisor } from './supervisor.js';

/** Groups of one phase, ascending. */
function phasesOf(supervisors: readonly Supervisor[]): readonly (readonly Supervisor[])[] {
  const phases = new Map<number, Supervisor[]>();
  for (const supervisor of supervisors) {
    const { phase } = supervisor.policy;
    const group = phases.get(phase);
    if (group) group.push(supervisor);
    else phases.set(phase, [supervisor]);
  }
  return [...phases].sort(([a], [b]) => a - b).map(([, group]) => group);
}

const readyTimeoutOf = ({ policy: { kind } }: Supervisor): number | undefined =>
  kind.type === 'loop' ? kind.readyTimeout : undefined;

/** Nothing of a later phase waits for it (any more). */
function lets(supervisor: Supervisor): boolean {
  const { state } = supervisor;
  switch (state.status) {
    case 'running':
      return state.ready;
    case 'stopping':
      return false;
    case 'waiting':
      return isAtGate(state) || readyTimeoutOf(supervisor) === undefined;
    case 'idle':
    case 'paused':
    case 'stopped':
    case 'failed':
      return true;
    default:
      return state satisfies never;
  }
}

/**
 * Starts phase after phase; runs synchronously up to the first that has to be waited for.
 * @param isOver asked before each phase
 */
export async function startPhases(supervisors: readonly Supervisor[], isOver: () => boolean): Promise<void> {
  for (const group of phasesOf(supervisors)) {
    if (isOver()) return;
    for (const supervisor of group) {
      if (supervisor.policy.autoStart && supervisor.state.status === 'idle') supervisor.dispatch({ type: 'start' });
    }
    const slow = group.filter((supervisor) => !lets(supervisor));
    if (slow.length > 0)
      await Promise.all(slow.map((one) => one.within(readyTimeoutOf(one) ?? 0, () => lets(one) || isOver())));
  }
}

/** Of the time left, for each phase still to come, and for all of them: one that is stuck must not leave the others none. */
const KEPT = { each: 0.1, all: 0.5 };

/** Asks phase after phase to stop, descending, and waits for each, at most until `deadline`. */
export async function stopPhases(
  supervisors: readonly Supervisor[],
  clock: Clock,
  deadline: number,
): Promise<StopReport> {
  const begun = clock.now();
  const wereAlive = supervisors.filter((one) => one.machine.live || isAlive(one.state));
  for (const [later, group] of [...phasesOf(supervisors).entries()].reverse()) {
    const kept = (deadline - clock.now()) * Math.min(KEPT.all, KEPT.each * later);
    for (const one of group) one.dispatch({ type: 'stop', reason: 'shutdown', deadline: deadline - kept });
    await Promise.all(group.map((one) => one.until(() => one.state.status !== 'stopping')));
  }
  const names = (abandoned: boolean): readonly string[] =>
    wereAlive.filter((one) => one.machine.live === abandoned).map((one) => one.policy.name);
  return { stopped: names(false), abandoned: names(true), ms: clock.now() - begun };
}
