import type { Socket } from 'node:net';
import { openChannel, type Refusal } from '../endpoint/channel.js';
import type { Ask, Answer } from './protocol.js';
import { asAnswer } from './protocol.js';
import type { GuardPorts, Place } from './ports.js';

/** How a connection to a holder ended. `mute`: it proved itself and said nothing, or was gone before. */
export type Ended = 'heard' | 'mute' | Exclude<Refusal, 'gone'>;

/** Asks a holder, and hears all that it says until one of the two ends it. */
export async function converse(
  ports: Pick<GuardPorts, 'clock'>,
  place: Place,
  socket: Socket,
  ask: Ask,
  proof: { readonly timeout: number; readonly attempt: number },
  hear: (answer: Answer) => 'on' | 'enough',
): Promise<Ended> {
  const secrets = (): Iterable<Buffer> => {
    if (proof.attempt === 0) return place.secrets();
    const all = [...place.secrets()];
    return all.slice(proof.attempt % all.length);
  };
  const channel = await openChannel(socket, 'newcomer', secrets, ports.clock, proof.timeout);
  if (typeof channel === 'string') return channel === 'gone' ? 'mute' : channel;
  channel.send({ ...ask });
  let ended: Ended = 'mute';
  for (let message = await channel.next(); message; message = await channel.next()) {
    const answer = asAnswer(message);
    if (!answer) continue;
    ended = 'heard';
    if (hear(answer) === 'enough') break;
  }
  channel.end();
  return ended;
}
