import type { Sending, TaskMessage } from './transport.js';

/** A task that waits in the database until it is sent. */
export interface OutboxMessage {
  readonly message: TaskMessage;
  readonly sending: Omit<Sending, 'transaction'>;
}

/** A message that is being sent by whoever has claimed it. */
export interface Claimed extends OutboxMessage {
  /** Of the claim: who claims it again has another. */
  readonly claim: string;
  /** How often it was claimed, this time included. */
  readonly attempt: number;
}

/** What became of a claim. */
export type Sent =
  | { readonly type: 'sent'; readonly claim: string }
  /** @property retryAt when it may be claimed again, in epoch milliseconds */
  | { readonly type: 'failed'; readonly claim: string; readonly error: string; readonly retryAt: number }
  /** Nobody can ever send it: kept aside. */
  | { readonly type: 'dead'; readonly claim: string; readonly error: string };

/** Keeps dispatched tasks in the database of the app until they are safe with the transport: those of a transaction with it. */
export interface OutboxStore {
  /**
   * They commit or vanish with the transaction. A second message with an id that is there is left out.
   * @param transaction the ORM's manager, as `dispatch` was given it
   */
  write(transaction: unknown, messages: readonly OutboxMessage[]): Promise<void>;
  /**
   * The oldest committed ones that nobody else has claimed: each is claimed by one, whoever asks at the same time. Those that
   * are not settled are free again after `until`.
   * @param until in epoch milliseconds
   */
  claim(limit: number, until: number): Promise<readonly Claimed[]>;
  /** A result of a claim that has passed to another, or is unknown, changes nothing. */
  settle(results: readonly Sent[]): Promise<void>;
}
