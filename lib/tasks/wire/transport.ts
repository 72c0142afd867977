import type { LoggerService } from '@nestjs/common';
import type { DispatchOptions } from '../../contract/task-handlers.js';
import type { TaskHandle, TaskStatus } from '../../contract/tasks.js';
import type { EventHub } from '../../events/event-hub.js';
import type { BackoffOptions } from '../../shared/backoff.js';
import type { Clock } from '../../shared/clock.js';

/** A task on its way to a handler. */
export interface TaskMessage {
  readonly id: string;
  /** The handler's name on the wire. */
  readonly name: string;
  /** JSON; absent where there is no payload. */
  readonly payload: string | undefined;
  readonly headers: Readonly<Record<string, string>>;
}

/** What a sender wants of the transport. */
export interface Sending extends Omit<DispatchOptions, 'id'> {
  readonly retries: number;
  readonly backoff: BackoffOptions;
}

/** A handler of this process, as a transport sees it. */
export interface HandlerInfo {
  readonly name: string;
  readonly retries: number;
  readonly backoff: BackoffOptions;
  readonly timeout: number | undefined;
  readonly concurrency: number | undefined;
}

/** The handlers of this process, and the pools they run in. */
export interface TaskConsumer {
  readonly handlers: readonly HandlerInfo[];
  /**
   * Runs it in this process.
   * @param tries how it is retried here; a broker that retries by itself gives 0
   * @throws BackgroundWorkerError `BGW_UNKNOWN_HANDLER`, `BGW_QUEUE_FULL`, `BGW_SHUTTING_DOWN`
   */
  accept(message: TaskMessage, tries?: { readonly retries?: number; readonly delay?: number }): TaskHandle<unknown>;
  /** Of a task that this process knows. */
  status(id: string): TaskStatus | undefined;
}

export interface TransportApp {
  /** Absent where this process takes no tasks. */
  readonly consumer: TaskConsumer | undefined;
  readonly clock: Clock;
  readonly hub: EventHub;
  readonly logger: LoggerService;
}

/** Carries tasks to handlers. Implemented in memory here, and over brokers by adapters. */
export interface TaskTransport {
  /** Called once, before anything else. Must not wait for a connection. */
  connect(app: TransportApp): void;
  /** Resolves once the task is safe with the transport. */
  send(message: TaskMessage, sending: Sending): Promise<void>;
  /** The app has booted: begin to take tasks. Only where there is a consumer. */
  consume?(): Promise<void>;
  /** The app stops: take no more. What runs here is drained by the pools. */
  stop?(): Promise<void>;
  /** The pools are drained. */
  close?(): Promise<void>;
  status?(id: string): Promise<TaskStatus | undefined>;
  failed?(limit: number): Promise<readonly TaskStatus[]>;
  /** @returns whether there was such a failed task */
  retry?(id: string): Promise<boolean>;
}
