import type { WorkerState } from './worker-state.js';

/**
 * What happened, told apart by `type`. `at` is the wall clock in epoch milliseconds. (Sealed events, logging as a consumer: after uber-go/fx.)
 *
 * @example
 * ```ts
 * function failures(workers: BackgroundWorkers) {
 *   return workers.events$.subscribe((event: WorkerEvent) => {
 *     if (event.type === 'incarnationFailed') console.warn(event.worker, event.error, event.retryIn);
 *   });
 * }
 * ```
 */
export type WorkerEvent = { readonly at: number; readonly worker?: string; readonly task?: string } & EventBody;

/**
 * What is told of an event, by its `type`. Durations are in milliseconds.
 *
 * @example
 * ```ts
 * type Failure = Extract<EventBody, { type: 'incarnationFailed' }>;
 * const isFailure = (event: EventBody): event is Failure => event.type === 'incarnationFailed';
 * ```
 */
export type EventBody =
  | { readonly type: 'stateChanged'; readonly from: WorkerState; readonly to: WorkerState }
  | { readonly type: 'incarnationFailed'; readonly error: unknown; readonly retryIn?: number }
  | { readonly type: 'failedWhileStopping'; readonly error: unknown }
  | { readonly type: 'stalled'; readonly sinceMs: number }
  | { readonly type: 'overdue'; readonly sinceMs: number }
  | { readonly type: 'abandoned' | 'lateSettlement' }
  | { readonly type: 'handedOver' | 'tookOver' | 'waitingForHolder'; readonly pid: number; readonly ms?: number }
  | { readonly type: 'leaseAcquired' | 'leaseLost' | 'leaseReleased'; readonly lease: string; readonly fence: bigint }
  | {
      readonly type: 'unitStarted' | 'unitCompleted' | 'unitFailed';
      readonly unit: string;
      readonly ms?: number;
      readonly error?: unknown;
    }
  | {
      readonly type:
        | 'taskQueued'
        | 'taskStarted'
        | 'taskCompleted'
        | 'taskRetrying'
        | 'taskFailed'
        | 'taskCancelled'
        | 'taskRefused'
        | 'taskDiscarded'
        | 'taskHandedBack'
        | 'taskUnknownHandler';
      /** The task's: a handler's on the wire, or a function's. */
      readonly name?: string;
      readonly pool?: string;
      readonly error?: unknown;
      readonly attempt?: number;
      /** How many attempts there may be in all. */
      readonly attempts?: number;
      /** In milliseconds, until the next attempt. */
      readonly retryIn?: number;
      /** Whether somebody has asked for the task's result. */
      readonly isRead?: boolean;
    }
  | { readonly type: 'taskProgress'; readonly done: number; readonly total?: number };

/**
 * The `type` of an event.
 *
 * @example
 * ```ts
 * const counts = new Map<EventType, number>();
 * const count = ({ type }: WorkerEvent) => counts.set(type, (counts.get(type) ?? 0) + 1);
 * ```
 */
export type EventType = EventBody['type'];
