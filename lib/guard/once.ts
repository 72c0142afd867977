import type { GuardEvent } from './guard-event.js';
import type { GuardPorts } from './ports.js';

/** Tells each thing once: of another holder, or for another reason, it is another thing. */
export class Once {
  private readonly told = new Set<string>();

  constructor(private readonly ports: Pick<GuardPorts, 'tell'>) {}

  tell(event: GuardEvent): void {
    const about =
      'holder' in event ? event.holder.pid : 'why' in event ? event.why : 'message' in event ? event.message : '';
    const what = `${event.type} ${about}`;
    if (!this.told.has(what)) this.ports.tell(event);
    this.told.add(what);
  }
}
