import type { LoggerService } from '@nestjs/common';
import type { DispatchOptions } from '../../contract/task-handlers.js';
import type { TaskStatus } from '../../contract/tasks.js';
import type { EventHub } from '../../events/event-hub.js';
import type { BackoffOptions } from '../../shared/backoff.js';
import type { Clock } from '../../shared/clock.js';
import { BackgroundWorkerError, type WorkerAborted } from '../../shared/errors.js';

/**
 * A task on its way to a handler.
 *
 * @example
 * ```ts
 * const message: TaskMessage = { id: '1', name: 'mail.send', payload: '{"to":"ada@example.com"}', headers: {} };
 * ```
 */
export interface TaskMessage {
  readonly id: string;
  /** The handler's name on the wire. */
  readonly name: string;
  /** JSON; absent where there is no payload. */
  readonly payload: string | undefined;
  readonly headers: Readonly<Record<string, string>>;
}

/**
 * What a sender wants of the transport.
 *
 * @example
 * ```ts
 * const dueAt = (sending: Sending, now: number) => now + (sending.delay ?? 0);
 * ```
 */
export interface Sending extends Omit<DispatchOptions, 'id'> {
  readonly retries: number;
  readonly backoff: BackoffOptions;
}

/**
 * A handler of this process, as a transport sees it.
 *
 * @example
 * ```ts
 * const queues = (handlers: readonly HandlerInfo[]) => handlers.map(({ name }) => `tasks.${name}`);
 * ```
 */
export interface HandlerInfo {
  readonly name: string;
  readonly retries: number;
  readonly backoff: BackoffOptions;
  readonly timeout: number | undefined;
  readonly concurrency: number | undefined;
}

/** A message that has come, and what is known of the tries before. */
export interface Delivery {
  readonly message: TaskMessage;
  /** 1 for the first. Counted by whoever owns the task; those that a crash has ended count. */
  readonly attempt: number;
  /** How many more there may be after this one. */
  readonly attemptsLeft: number;
  /**
   * Who has the task until its end is told. `engine`: it makes the further attempts, and what this process cannot do is not lost.
   * `process`: nobody else knows of it; the further attempts are made here.
   */
  readonly owner: 'engine' | 'process';
  /** Before it may begin here, in milliseconds. Default 0; of an owner that delays by itself 0. */
  readonly delay?: number;
}

/** What came of a delivery. It comes when the handler's function has settled, whatever became of the task before. */
export type DeliveryEnd =
  | { readonly type: 'done'; readonly value: unknown }
  /** The owner tries again. @property retryIn as the handler's backoff has it, in milliseconds */
  | { readonly type: 'failed'; readonly error: unknown; readonly retryIn: number }
  /** No try is left, or none would help. */
  | { readonly type: 'failedForGood'; readonly error: unknown }
  | { readonly type: 'cancelled'; readonly error: unknown }
  /** This process could not, or no longer: to be delivered elsewhere, and no attempt is charged. */
  | { readonly type: 'handedBack'; readonly error: unknown };

/** A delivery that was taken. */
export interface Delivered {
  /** Never rejects. */
  readonly ended: Promise<DeliveryEnd>;
  /** Aborts the task's signal, or takes it out of the queue: it was cancelled, or another process has it by now. */
  cancel(reason?: WorkerAborted): void;
}

/**
 * The handlers of this process, and the pools they run in.
 *
 * @example
 * ```ts
 * const take = (consumer: TaskConsumer, delivery: Delivery): Delivered => consumer.deliver(delivery);
 * const isLost = (end: DeliveryEnd) => end.type === 'failedForGood';
 * ```
 */
export interface TaskConsumer {
  readonly handlers: readonly HandlerInfo[];
  /** How many of a handler's tasks run at a time: as many are worth to be fetched ahead. */
  capacity(handler: string): number;
  /**
   * Takes a message. One whose name no handler has is handed back after 5 s: during a rolling deploy another process may know it.
   * One that is here already waits until that has ended: a task never runs twice at a time in one process.
   * @throws BackgroundWorkerError of one that this process owns: `BGW_QUEUE_FULL`, `BGW_SHUTTING_DOWN`, `BGW_UNKNOWN_HANDLER`
   */
  deliver(delivery: Delivery): Delivered;
  /**
   * Whether `waiting` more of this process's own could be delivered.
   * @throws BackgroundWorkerError as `deliver`
   */
  assertRoom(handler: string, waiting: number): void;
  /** Of a task that this process knows. */
  status(id: string): TaskStatus | undefined;
}

/**
 * What a transport is given of the app.
 *
 * @example
 * ```ts
 * const names = ({ consumer }: TransportApp) => consumer?.handlers.map(({ name }) => name) ?? [];
 * ```
 */
export interface TransportApp {
  /** Absent where this process takes no tasks. */
  readonly consumer: TaskConsumer | undefined;
  readonly clock: Clock;
  readonly hub: EventHub;
  readonly logger: LoggerService;
}

/**
 * Carries tasks to handlers, at least once. Implemented in memory here, and over brokers by adapters. An engine that cannot do
 * what an optional method is for leaves it out: who calls it is told by `BGW_NOT_SUPPORTED`.
 *
 * @example
 * ```ts
 * class DirectTransport implements TaskTransport {
 *   private app: TransportApp | undefined;
 *
 *   connect(app: TransportApp) {
 *     this.app = app;
 *   }
 *
 *   async send(message: TaskMessage) {
 *     this.app?.consumer?.deliver({ message, attempt: 1, attemptsLeft: 0, owner: 'process' });
 *   }
 * }
 * ```
 */
export interface TaskTransport {
  /** Called once, before anything else. Must not wait for a connection. */
  connect(app: TransportApp): void;
  /** Resolves once the task is safe with the transport. Rejects with `notSupported` for what the engine cannot do. */
  send(message: TaskMessage, sending: Sending): Promise<void>;
  /** The app has booted: begin to take tasks. Only where there is a consumer. Bootstrap does not wait for it. */
  consume?(): Promise<void>;
  /**
   * The app stops: take no more. What runs here is drained meanwhile, what has not begun is handed back. Waited for, within the
   * time that the drain has.
   */
  stop?(): Promise<void>;
  /** Everything has ended, `stop()` too: let go of connections. Waited for, until the app's `shutdownTimeout` is over. */
  close?(): Promise<void>;
  status?(id: string): Promise<TaskStatus | undefined>;
  failed?(limit: number): Promise<readonly TaskStatus[]>;
  /** @returns whether there was such a failed task */
  retry?(id: string): Promise<boolean>;
}

export const nameOf = (transport: TaskTransport): string => transport.constructor.name;

/** @param what the engine cannot do, as the caller wrote it */
export const notSupported = (transport: TaskTransport, what: string): BackgroundWorkerError =>
  new BackgroundWorkerError(
    'BGW_NOT_SUPPORTED',
    `${nameOf(transport)} cannot do ${what}: leave it out, or configure another \`transport\``,
  );
