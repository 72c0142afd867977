/**
 * What a worker holds that may run in one place only.
 *
 * @example
 * ```ts
 * async function write(lease: Lease, save: (fence: bigint) => Promise<void>) {
 *   lease.assertValid();
 *   await save(lease.fence);
 * }
 * ```
 */
export interface Lease {
  readonly name: string;
  /** Only grows, over all holders: writes that matter carry it (`WHERE last_fence <= $fence`). */
  readonly fence: bigint;
  /** Synchronous. Throws `BGW_LEASE_LOST` once the lease's own deadline has passed. */
  assertValid(): void;
}
