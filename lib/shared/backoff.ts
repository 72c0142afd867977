/**
 * Times in milliseconds.
 *
 * @example
 * ```ts
 * const patient: Partial<BackoffOptions> = { initial: 5_000, factor: 3, max: 600_000, jitter: 1 };
 * ```
 */
export interface BackoffOptions {
  /** The first wait. Default 1_000. */
  initial: number;
  /** Each further wait is this many times longer. Default 2. */
  factor: number;
  /** No wait is longer. Default 60_000. */
  max: number;
  /** Each wait is drawn from [1 - jitter, 1] of its length. 0 to 1, default 0.5. */
  jitter: number;
  /** Failures count as consecutive until a unit completed or this time passed without one. Default 60_000. */
  resetAfter: number;
}

export const DEFAULT_BACKOFF: Readonly<BackoffOptions> = {
  initial: 1_000,
  factor: 2,
  max: 60_000,
  jitter: 0.5,
  resetAfter: 60_000,
};

/**
 * The wait before retry number `failures` (1 for the first), capped, then jittered so that a fleet does not come back as one.
 * @param draw from [0, 1)
 */
export function backoffDelay(backoff: BackoffOptions, failures: number, draw: number): number {
  const full = Math.min(
    backoff.max,
    backoff.initial * Math.min(Number.MAX_VALUE, backoff.factor ** Math.max(0, failures - 1)),
  );
  return full * (1 - backoff.jitter * draw);
}
