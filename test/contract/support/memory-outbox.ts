import type { Claimed, OutboxMessage, OutboxStore, Sent } from '../../../lib/adapter.js';

type State =
  | { readonly type: 'waits'; readonly from: number }
  | { readonly type: 'claimed'; readonly claim: string; readonly until: number }
  | { readonly type: 'dead'; readonly error: string };

interface Row {
  readonly written: OutboxMessage;
  attempt: number;
  state: State;
}

/** A transaction of the store in memory. */
export class MemoryTransaction {
  readonly rows: OutboxMessage[] = [];

  constructor(private readonly store: MemoryOutbox) {}

  commit(): void {
    this.store.commit(this.rows.splice(0));
  }

  rollback(): void {
    this.rows.length = 0;
  }
}

/** For tests of what is above the port. */
export class MemoryOutbox implements OutboxStore {
  private readonly rows = new Map<string, Row>();
  private claims = 0;

  constructor(private readonly now: () => number) {}

  begin(): MemoryTransaction {
    return new MemoryTransaction(this);
  }

  async write(transaction: unknown, messages: readonly OutboxMessage[]): Promise<void> {
    if (!(transaction instanceof MemoryTransaction)) throw new Error('no transaction of this store');
    transaction.rows.push(...messages);
  }

  commit(messages: readonly OutboxMessage[]): void {
    for (const written of messages) {
      const { id } = written.message;
      if (!this.rows.has(id)) this.rows.set(id, { written, attempt: 0, state: { type: 'waits', from: 0 } });
    }
  }

  async claim(limit: number, until: number): Promise<readonly Claimed[]> {
    return [...this.rows.values()]
      .filter((row) => this.isFree(row))
      .slice(0, limit)
      .map((row) => {
        const claim = `${++this.claims}`;
        row.attempt += 1;
        row.state = { type: 'claimed', claim, until };
        return { ...row.written, claim, attempt: row.attempt };
      });
  }

  async settle(results: readonly Sent[]): Promise<void> {
    for (const result of results) {
      const found = [...this.rows].find(([, { state }]) => state.type === 'claimed' && state.claim === result.claim);
      if (found) this.settleOne(...found, result);
    }
  }

  private settleOne(id: string, row: Row, result: Sent): void {
    switch (result.type) {
      case 'sent':
        return void this.rows.delete(id);
      case 'failed':
        return void (row.state = { type: 'waits', from: result.retryAt });
      case 'dead':
        return void (row.state = { type: 'dead', error: result.error });
      default:
        return result satisfies never;
    }
  }

  private isFree({ state }: Row): boolean {
    switch (state.type) {
      case 'waits':
        return state.from <= this.now();
      case 'claimed':
        return state.until < this.now();
      case 'dead':
        return false;
      default:
        return state satisfies never;
    }
  }
}
