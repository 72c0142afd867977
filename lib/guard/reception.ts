import type { Socket } from 'node:net';
import { openChannel, type Channel } from '../endpoint/channel.js';
import type { GuardPorts, Place } from './ports.js';
import { asAsk, type Ask } from './protocol.js';

/** How long an unproven connection may last, in milliseconds. */
const PROOF = 5_000;

interface Host {
  /** @returns whether it stays */
  take(place: Place, channel: Channel, ask: Ask): boolean;
  left(channel: Channel): void;
}

/** Who connects to a holder: costs it nothing until the other side has proven itself. */
export async function receive(
  ports: Pick<GuardPorts, 'clock'>,
  place: Place,
  socket: Socket,
  host: Host,
): Promise<void> {
  const channel = await openChannel(socket, 'holder', place.secrets, ports.clock, PROOF);
  if (typeof channel === 'string') return;
  const ask = asAsk(await channel.next());
  if (ask && host.take(place, channel, ask)) {
    await channel.next();
    host.left(channel);
  }
  channel.end();
}
