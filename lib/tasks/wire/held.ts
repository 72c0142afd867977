import { deferred } from '../../shared/deferred.js';
import type { WorkerAborted } from '../../shared/errors.js';
import type { Delivered, DeliveryEnd } from './transport.js';

type State =
  | { readonly type: 'held' }
  | { readonly type: 'begun'; readonly delivered: Delivered }
  | { readonly type: 'handedBack' };

/** What an engine has delivered, and cannot begin yet, or never. It can be handed back at any time. */
export class Held implements Delivered {
  private state: State = { type: 'held' };
  private readonly over = deferred<DeliveryEnd>();

  /** @param why it would be handed back */
  constructor(private readonly why: unknown) {}

  get ended(): Promise<DeliveryEnd> {
    return this.over.promise;
  }

  cancel(reason?: WorkerAborted): void {
    const { state } = this;
    switch (state.type) {
      case 'begun':
        return state.delivered.cancel(reason);
      case 'held':
        this.state = { type: 'handedBack' };
        return this.over.resolve({ type: 'handedBack', error: reason ?? this.why });
      case 'handedBack':
        return;
      default:
        return state satisfies never;
    }
  }

  /** Unless it was handed back before. */
  begin(deliver: () => Delivered): void {
    if (this.state.type !== 'held') return;
    const delivered = deliver();
    this.state = { type: 'begun', delivered };
    this.over.resolve(delivered.ended);
  }
}
