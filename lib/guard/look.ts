import type { Clock } from '../shared/clock.js';
import { SAYS } from './bootstrap.js';
import { converse } from './conversation.js';
import type { GuardEvent, Named } from './guard-event.js';
import type { Place } from './ports.js';
import { PROGRESS, type Answer, type Identity } from './protocol.js';

/** How long a holder may be silent at most, in milliseconds: one that is blocked is not waited for. */
const SILENCE = 2_000;
/** A holder that goes may be followed by another one that goes. */
const ROUNDS = 20;

/** The app that closed, and since when it was waited for, on the clock's scale. */
export interface Followed extends Named {
  readonly since: number;
}

export interface LookPorts {
  readonly clock: Clock;
  readonly me: Identity;
  readonly places: readonly Place[];
  readonly handoverTimeout: number;
  tell(event: GuardEvent): void;
}

/**
 * Waits while an app that this one is to follow closes, so that its ports are free: of microservices and gateways too, which Nest binds
 * before any hook. It takes nothing, never rejects, and leaves nothing open.
 */
export async function look(ports: LookPorts): Promise<Followed | undefined> {
  try {
    const followed = await Promise.all(ports.places.map((place) => lookAt(ports, place)));
    return followed.find((one) => one !== undefined);
  } catch {
    // Bootstrap asks again, and says what is wrong.
    return undefined;
  }
}

async function lookAt(ports: LookPorts, place: Place): Promise<Followed | undefined> {
  let last: Followed | undefined;
  for (let round = 0; round < ROUNDS; round++) {
    const one = await endOf(ports, place);
    if (!one) break;
    last = one;
  }
  return last;
}

/** @returns who closed there, once it has */
async function endOf(ports: LookPorts, place: Place): Promise<Followed | undefined> {
  const { clock, me } = ports;
  const silence = Math.min(SILENCE, ports.handoverTimeout);
  const patience = Math.max(2 * PROGRESS, ports.handoverTimeout);
  const since = clock.now();
  const socket = await place.endpoint.reach();
  if (!socket) return undefined;
  let closed = false;
  let last: Answer | undefined;
  let waits = clock.after(silence, () => socket.destroy());
  const says = clock.after(SAYS, () => {
    if (last && 'endsIn' in last) ports.tell({ type: 'bootWaits', for: last, endsIn: last.endsIn });
  });
  const hear = (answer: Answer): 'on' | 'enough' => {
    last = answer;
    closed = 'closing' in answer && answer.closing;
    waits.cancel();
    const endsIn = 'endsIn' in answer ? (answer.endsIn ?? 0) : 0;
    if (closed) waits = clock.after(Math.min(endsIn + SILENCE, patience), () => socket.destroy());
    return closed ? 'on' : 'enough';
  };
  await converse({ clock }, place, socket, { ...me, type: 'look' }, { timeout: silence, attempt: 0 }, hear);
  waits.cancel();
  says.cancel();
  socket.destroy();
  return closed && last && 'entry' in last ? { pid: last.pid, entry: last.entry, since } : undefined;
}
