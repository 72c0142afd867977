import { callBack } from '../events/callback.js';
import type { EventHub } from '../events/event-hub.js';
import { BackgroundWorkerError } from '../shared/errors.js';
import type { Gate, GateKeeper, UnitId } from './ports.js';

/** The keepers of an app's gates, as one. */
export class Keepers {
  private readonly all: GateKeeper[] = [];
  private started: Promise<void> | undefined;
  private sealed = false;

  constructor(private readonly hub: EventHub) {}

  /** @throws BackgroundWorkerError `BGW_TOO_LATE` */
  add(keeper: GateKeeper): void {
    if (this.sealed)
      throw new BackgroundWorkerError(
        'BGW_TOO_LATE',
        'keep() was called when the workers were made already, and stand before their gates; call it in a constructor',
      );
    this.all.push(keeper);
  }

  /** From now on workers are made. */
  seal(): void {
    this.sealed = true;
  }

  gatesOf(unit: UnitId): readonly Gate[] {
    return this.all.flatMap((keeper) => keeper.gateOf(unit) ?? []);
  }

  /** Once, before the first worker starts; whoever comes later waits for the same. */
  start(): Promise<void> {
    return (this.started ??= Promise.all(this.all.map(async (one) => await one.start())).then(() => undefined));
  }

  beginClose(): void {
    this.tell((one) => one.beginClose());
  }

  endClose(): void {
    this.tell((one) => one.endClose());
  }

  private tell(what: (keeper: GateKeeper) => void): void {
    for (const one of this.all) callBack(this.hub, 'a keeper of gates threw', () => what(one));
  }
}
