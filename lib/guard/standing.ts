import type { AnnouncedEnd } from './announced-end.js';
import type { GuardPorts } from './ports.js';
import type { Answer } from './protocol.js';

/**
 * How far a holder is that lets go.
 * @param end of the app, where it closes
 */
export function standingOf(ports: GuardPorts, workers: readonly string[], end: AnnouncedEnd | undefined): Answer {
  const { me, clock } = ports;
  const abandoned = ports.abandoned(workers);
  const type = abandoned.length > 0 && abandoned.length === workers.length ? 'stuck' : 'draining';
  const by = end ? end.is.at : ports.stopsBy();
  const endsIn = by === undefined ? {} : { endsIn: Math.max(0, Math.round(by - clock.now())) };
  return { type, pid: me.pid, entry: me.entry, workers, closing: end !== undefined, ...endsIn };
}
