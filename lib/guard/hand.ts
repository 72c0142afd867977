import type { Held } from '../endpoint/endpoint.js';
import type { Place } from './ports.js';

/** The places that are held. */
export class Hand {
  private readonly held = new Map<Place, Held>();

  has(place: Place): boolean {
    return this.held.has(place);
  }

  take(place: Place, held: Held): void {
    this.held.set(place, held);
  }

  /** All of them are free once this returns. */
  open(): void {
    for (const held of this.held.values()) held.release();
    this.held.clear();
  }
}
