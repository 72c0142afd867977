import type { Clock } from '../shared/clock.js';
import { converse } from './conversation.js';
import type { GuardEvent } from './guard-event.js';
import { atMost } from './pause.js';
import type { Place } from './ports.js';
import type { Relatives } from './process-registry.js';
import type { Answer, Identity } from './protocol.js';

/** How long a holder may be silent, in milliseconds: one that is blocked is not waited for. */
const SILENCE = 2_000;
const SAYS = 1_000;
/** A holder that goes may be followed by another one that goes. */
const ROUNDS = 20;

export interface LookPorts {
  readonly clock: Clock;
  readonly me: Identity;
  readonly places: readonly Place[];
  readonly relatives: Relatives;
  /** How long an older app of this process may take to close, in milliseconds. */
  readonly shutdownTimeout: number;
  tell(event: GuardEvent): void;
}

/**
 * Waits while an app that this one is to follow closes, so that its ports are free: of microservices and gateways too, which Nest binds
 * before any hook. It takes nothing, never rejects, and leaves nothing open.
 */
export async function look(ports: LookPorts): Promise<void> {
  const { clock, relatives, shutdownTimeout } = ports;
  try {
    await atMost(clock, shutdownTimeout, Promise.all(relatives.closing));
    await Promise.all(ports.places.map((place) => lookAt(ports, place)));
  } catch {
    // Bootstrap asks again, and says what is wrong.
  }
}

async function lookAt(ports: LookPorts, place: Place): Promise<void> {
  for (let round = 0; round < ROUNDS && (await hasClosed(ports, place)); round++);
}

/** @returns whether there was one that closed */
async function hasClosed({ clock, me, tell }: LookPorts, place: Place): Promise<boolean> {
  const socket = await place.endpoint.reach();
  if (!socket) return false;
  let closed = false;
  let last: Answer | undefined;
  let waits = clock.after(SILENCE, () => socket.destroy());
  const says = clock.after(SAYS, () => {
    if (last && 'endsIn' in last) tell({ type: 'bootWaits', for: last, endsIn: last.endsIn });
  });
  const hear = (answer: Answer): 'on' | 'enough' => {
    last = answer;
    closed = 'closing' in answer && answer.closing;
    waits.cancel();
    const endsIn = 'endsIn' in answer ? (answer.endsIn ?? 0) : 0;
    if (closed) waits = clock.after(endsIn + SILENCE, () => socket.destroy());
    return closed ? 'on' : 'enough';
  };
  await converse({ clock }, place, socket, { ...me, type: 'look' }, { timeout: SILENCE, attempt: 0 }, hear);
  waits.cancel();
  says.cancel();
  socket.destroy();
  return closed;
}
