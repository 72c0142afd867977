import {
  notSupported,
  opened,
  sealed,
  type Clock,
  type Delivered,
  type DeliveryEnd,
  type Sending,
  type TaskMessage,
  type TaskTransport,
  type Timer,
  type TransportApp,
} from '../../lib/adapter.js';

/** What lies with the broker: an envelope's JSON, and the tries that count. */
interface Lying {
  readonly text: string;
  readonly attempt: number;
  readonly tries: number;
}

/** The broker: what it is given it keeps until it is told that it is done, whoever dies meanwhile. */
export class FakeBroker {
  readonly waiting: Lying[] = [];
  readonly failed: Lying[] = [];
  readonly poison: string[] = [];
  /** Deliveries that nobody has answered, with who has them. */
  readonly out = new Map<Lying, FakeBrokerTransport>();
  private readonly consumers = new Set<FakeBrokerTransport>();

  put(lying: Lying): void {
    this.waiting.push(lying);
    this.push();
  }

  join(consumer: FakeBrokerTransport): void {
    this.consumers.add(consumer);
    this.push();
  }

  leave(consumer: FakeBrokerTransport): void {
    this.consumers.delete(consumer);
  }

  /** Its process has died, or its connection: what it had is delivered again, and the try counts. */
  lose(consumer: FakeBrokerTransport): void {
    this.leave(consumer);
    for (const [lying, holder] of [...this.out])
      if (holder === consumer) this.answered(lying, { ...lying, attempt: lying.attempt + 1 });
  }

  /** @param again what of it waits now; nothing where it is over. An answer of who has lost it is not heard. */
  answered(lying: Lying, again?: Lying): void {
    if (!this.out.delete(lying)) return;
    if (again) this.waiting.push(again);
    this.push();
  }

  private push(): void {
    for (const consumer of this.consumers)
      while (this.waiting.length > 0 && consumer.hasRoom) {
        const lying = this.waiting.shift()!;
        this.out.set(lying, consumer);
        consumer.take(lying);
      }
  }
}

/** A process's end of it. It keeps no status and no results. */
export class FakeBrokerTransport implements TaskTransport {
  /** What was called, in order. */
  readonly calls: string[] = [];
  readonly ends: DeliveryEnd['type'][] = [];
  readonly taken = new Map<string, Delivered>();
  /** How long `stop()` and `close()` take: what they wait for. */
  slow: { readonly stop?: () => Promise<unknown>; readonly close?: () => Promise<unknown> } = {};
  private app: TransportApp | undefined;
  private readonly open = new Set<Promise<unknown>>();
  private readonly delays = new Map<Timer, () => void>();

  constructor(
    readonly broker: FakeBroker,
    private readonly prefetch = Infinity,
  ) {}

  get hasRoom(): boolean {
    const { handlers = [] } = this.app?.consumer ?? {};
    const capacity = Math.max(1, ...handlers.map(({ name }) => this.app?.consumer?.capacity(name) ?? 0));
    return this.open.size < Math.min(this.prefetch, capacity);
  }

  connect(app: TransportApp): void {
    this.app = app;
    this.calls.push('connect');
  }

  async send(message: TaskMessage, { delay = 0, retries, transaction }: Sending): Promise<void> {
    if (transaction !== undefined) throw notSupported(this, 'dispatch(…, { transaction })');
    const lying = { text: JSON.stringify(sealed(message)), attempt: 1, tries: retries + 1 };
    this.after(delay, () => this.broker.put(lying));
  }

  async consume(): Promise<void> {
    this.calls.push('consume');
    this.broker.join(this);
  }

  async stop(): Promise<void> {
    this.calls.push('stop');
    this.broker.leave(this);
    await this.slow.stop?.();
    this.calls.push('stopped');
  }

  async close(): Promise<void> {
    this.calls.push('close');
    for (const [timer, put] of this.delays) {
      timer.cancel();
      put();
    }
    await this.slow.close?.();
    this.calls.push('closed');
  }

  take(lying: Lying): void {
    const { consumer, clock } = this.app ?? {};
    const found = opened(lying.text);
    if (!consumer || !clock) throw new Error('nobody takes tasks here');
    if (found.type === 'poison') {
      this.broker.poison.push(found.why);
      return this.broker.answered(lying);
    }
    const { attempt, tries } = lying;
    const delivered = consumer.deliver({
      message: found.message,
      attempt,
      attemptsLeft: tries - attempt,
      owner: 'engine',
    });
    this.taken.set(found.message.id, delivered);
    const answered = delivered.ended.then((end) => this.answer(lying, end));
    this.open.add(answered);
    void answered.then(() => this.open.delete(answered));
  }

  private answer(lying: Lying, end: DeliveryEnd): void {
    this.ends.push(end.type);
    queueMicrotask(() => this.settle(lying, end));
  }

  private settle(lying: Lying, end: DeliveryEnd): void {
    const { broker } = this;
    switch (end.type) {
      case 'done':
      case 'cancelled':
        return broker.answered(lying);
      case 'failed':
        return this.after(end.retryIn, () => broker.answered(lying, { ...lying, attempt: lying.attempt + 1 }));
      case 'failedForGood':
        broker.failed.push(lying);
        return broker.answered(lying);
      case 'handedBack':
        return broker.answered(lying, lying);
      default:
        return end satisfies never;
    }
  }

  private after(ms: number, put: () => void): void {
    if (ms === 0) return put();
    const clock = this.app?.clock as Clock;
    const timer = clock.after(ms, () => {
      this.delays.delete(timer);
      put();
    });
    this.delays.set(timer, put);
  }
}
