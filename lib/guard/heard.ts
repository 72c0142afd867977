import type { GuardEvent, Named } from './guard-event.js';
import type { Answer } from './protocol.js';

/** Who goes first where the endpoint is free: this process, somebody who was promised it, or whoever comes within the patience. */
export type Turn = 'mine' | 'promised' | 'patient';

/** The last that a holder has said. */
export interface Heard {
  /** When the first answer came, on the clock's scale. */
  readonly since: number;
  readonly of: Answer & Partial<Named>;
  /** The one who has the workers is past its start. */
  readonly settled: boolean;
}

/** What an answer means for the one who asked. */
export function hear(answer: Answer, before: Heard | undefined, now: number): { heard: Heard | undefined; turn: Turn } {
  const since = before?.since ?? now;
  switch (answer.type) {
    case 'kept': {
      const settled = answer.settled ?? true;
      return { heard: { since, of: answer, settled }, turn: settled ? 'patient' : 'mine' };
    }
    case 'passed':
      return { heard: { since, of: answer, settled: false }, turn: 'promised' };
    case 'settled':
      return { heard: before && { ...before, settled: true }, turn: 'patient' };
    case 'draining':
    case 'stuck':
    case 'released':
      return { heard: { since, of: answer, settled: true }, turn: 'mine' };
    case 'open':
      return { heard: before, turn: 'mine' };
    default:
      return answer satisfies never;
  }
}

/** As one that has closed would have said it. */
export const heardOf = ({ pid, entry }: Named, since: number): Heard => ({
  since,
  of: { type: 'released', pid, entry, ms: 0, closing: true },
  settled: true,
});

export const namedIn = (heard: Heard | undefined): Named | undefined =>
  heard?.of.entry === undefined ? undefined : { pid: heard.of.pid, entry: heard.of.entry };

/** One that runs on, and has the workers back where this process does not come past its start. */
export const lenderIn = (heard: Heard | undefined): Named | undefined =>
  heard?.of.type === 'released' && !heard.of.closing ? namedIn(heard) : undefined;

/** One that runs on, and stops or has stopped its workers for this process. */
export const stoppedForUs = (heard: Heard | undefined): Named | undefined =>
  heard && 'closing' in heard.of && !heard.of.closing ? namedIn(heard) : undefined;

/**
 * How the workers have come here.
 * @param displaced by this one, which never answered
 */
export function arrival(heard: Heard | undefined, displaced: Named | undefined, now: number): GuardEvent | undefined {
  const from = namedIn(heard);
  if (!heard || !from) return displaced && { type: 'cameBack', from: displaced, settled: false };
  const { of, since, settled } = heard;
  if (!('closing' in of)) return { type: 'cameBack', from, settled };
  const how = of.closing ? 'closing' : of.type === 'released' ? 'running' : 'ended';
  return { type: 'tookOver', from, ms: now - since, how };
}
