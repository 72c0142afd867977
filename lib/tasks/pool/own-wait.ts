import type { Inside } from '../../shared/inside.js';
import { selfJoin } from '../../shared/self-join.js';
import type { Task } from './task.js';

/** Waits for a task, but for a call that is known to be its own. */
export function joined(inside: Inside, task: Task<unknown>, wait: () => Promise<boolean>): Promise<boolean> {
  if (inside.of(task)) return selfJoin(`the task ${task.name}`, 'join');
  suspect(task, 'join');
  return wait();
}

/** Somebody waits for it, maybe itself: that is known only where Node follows contexts. */
export function suspect({ phase }: Task<unknown>, call: 'join' | 'drain'): void {
  if (phase.type === 'running' && phase.isBlind) phase.suspect = call;
}

/** Its name and id, and why it may not have ended. */
export function described({ name, id, phase }: Task<unknown>): string {
  const call = phase.type === 'running' ? phase.suspect : undefined;
  return call === undefined
    ? `${name} (${id})`
    : `${name} (${id}; it may wait for itself: ${call}() was called while it ran)`;
}
