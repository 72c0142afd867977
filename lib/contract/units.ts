/**
 * What an interceptor is told of the unit it is around.
 *
 * @example
 * ```ts
 * const label = ({ kind, name, id }: UnitInfo) => `${kind} of ${name}: ${id}`;
 * ```
 */
export interface UnitInfo {
  readonly kind: 'tick' | 'task' | 'unit';
  /** The worker's name. */
  readonly name: string;
  readonly id: string;
  readonly headers: Readonly<Record<string, string>>;
}

/**
 * An onion around every unit, as Nest's own interceptors are around a request; the first in `units` is the outermost.
 *
 * @example
 * ```ts
 * @Injectable()
 * class Timing implements UnitInterceptor {
 *   async around(unit: UnitInfo, next: () => Promise<unknown>) {
 *     const from = performance.now();
 *     try {
 *       return await next();
 *     } finally {
 *       console.log(unit.name, performance.now() - from);
 *     }
 *   }
 * }
 * ```
 */
export interface UnitInterceptor {
  /** Runs synchronously in the submitter's context; its strings travel with the unit, over brokers too. */
  capture?(): Record<string, string> | undefined;
  around(unit: UnitInfo, next: () => Promise<unknown>): Promise<unknown>;
}
