/** What an interceptor is told of the unit it is around. */
export interface UnitInfo {
  readonly kind: 'tick' | 'task' | 'unit';
  /** The worker's name. */
  readonly name: string;
  readonly id: string;
  readonly headers: Readonly<Record<string, string>>;
}

/** An onion around every unit, as Nest's own interceptors are around a request; the first in `units` is the outermost. */
export interface UnitInterceptor {
  /** Runs synchronously in the submitter's context; its strings travel with the unit, over brokers too. */
  capture?(): Record<string, string> | undefined;
  around(unit: UnitInfo, next: () => Promise<unknown>): Promise<unknown>;
}
