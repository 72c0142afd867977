export { BackgroundWorkerModule, type BackgroundWorkerModuleAsyncOptions } from './background-worker.module.js';
export { BackgroundWorkers, type AddedLoop, type AddedTick } from './supervision/background-workers.js';
export { BackgroundWorker } from './definition/decorators.js';
export { BackgroundTask, type TaskDecorator } from './definition/task-decorator.js';
export { InjectTaskPool } from './tasks/calls/inject-task-pool.js';
export { BackgroundTasks } from './tasks/calls/background-tasks.js';
export { asCompleted } from './tasks/calls/as-completed.js';
export { withoutWorkers } from './host/enabled.js';
export {
  BackgroundWorkerError,
  DoNotRestart,
  Escalate,
  WorkerAborted,
  type AbortWhy,
  type ErrorCode,
} from './shared/errors.js';

export type { BackoffOptions } from './shared/backoff.js';
export type { BodyContext, TickContext, Token, UnitContext, WorkerContext } from './contract/contexts.js';
export type { EventBody, EventType, WorkerEvent } from './contract/events.js';
export type { Lease } from './contract/lease.js';
export type { Runnable, TickRunnable } from './contract/runnable.js';
export type {
  DispatchArgs,
  DispatchedTask,
  DispatchOptions,
  HandlerClass,
  Jsonable,
  Parsed,
  PayloadOf,
  RunArgs,
  RunOptions,
  RunResult,
  TaskHandlerMethod,
  TaskMethod,
} from './contract/task-handlers.js';
export type { PoolOptions, SubmitOptions, TaskContext, TaskHandle, TaskState, TaskStatus } from './contract/tasks.js';
export type {
  SchemaInput,
  SchemaIssue,
  SchemaOutput,
  SchemaResult,
  StandardSchemaV1,
} from './contract/standard-schema.js';
export type {
  Delivered,
  Delivery,
  DeliveryEnd,
  HandlerInfo,
  Sending,
  TaskConsumer,
  TaskMessage,
  TaskTransport,
  TransportApp,
} from './tasks/wire/transport.js';
export type { TaskOptions } from './definition/task-options.js';
export type { UnitInfo, UnitInterceptor } from './contract/units.js';
export type { StopReport, StoppedReason, WaitingOn, WorkerState } from './contract/worker-state.js';
export type {
  BackgroundWorkerModuleOptions,
  BackgroundWorkerOptionsFactory,
  FailurePlace,
  FatalReason,
  GuardMode,
  GuardOptions,
} from './definition/module-options.js';
export type {
  CommonOptions,
  CronOptions,
  EveryOptions,
  LoopOptions,
  OmitEach,
  RestartMode,
  TickOptions,
  WorkerDefaults,
  WorkerOptions,
  WorkerOverrides,
} from './definition/options.js';
export type { WorkerHandle } from './supervision/handle.js';
