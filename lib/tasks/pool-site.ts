import type { FailurePlace } from '../definition/module-options.js';
import type { BackgroundWorkerError } from '../shared/errors.js';
import type { Inside } from '../shared/inside.js';
import type { Attempt, AttemptSite } from './attempt.js';
import type { Ledger } from './ledger.js';

/** What all pools of an app share. */
export interface PoolSite extends AttemptSite {
  readonly inside: Inside;
  readonly ledger: Ledger;
  /** Nobody is around units, and nobody listens to them. */
  isBare(): boolean;
  /** What a submission is answered that finds no room. */
  refuse(pool: string, load: number): BackgroundWorkerError;
  /** Must not throw. */
  onError(attempt: Attempt | undefined, error: unknown, at: FailurePlace): void;
  /** A rejection with `BGW_SELF_JOIN`, marked as handled. */
  selfJoin(who: string, what: string): Promise<never>;
}
