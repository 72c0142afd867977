import type { StopReport } from '../contract/worker-state.js';

/** How many tasks have ended how. */
export interface Ends {
  /** By themselves. */
  readonly drained: number;
  /** By their signal, as the app's time was up. */
  readonly cut: number;
  /** Never begun, or never tried again. */
  readonly lost: number;
  /** To the engine that owns them: they run elsewhere. */
  readonly handedBack: number;
}

/** What became of the tasks while the app stopped. */
export interface TaskStopReport extends Ends {
  /** Still running when the time was up: names and ids. */
  readonly abandoned: readonly string[];
}

/** What only the log has to know, told apart by `type`. Whatever else happens is an event. */
export type Notice =
  /** A function that the app has given us. */
  | { readonly type: 'callbackThrew'; readonly what: string; readonly error: unknown }
  | { readonly type: 'skipped'; readonly what: string }
  | { readonly type: 'loadedLazily'; readonly what: string }
  | { readonly type: 'unusable'; readonly error: unknown }
  | { readonly type: 'unnamedHandlers'; readonly handlers: readonly string[] }
  /** @property hint how to start them; absent where that would be no answer */
  | {
      readonly type: 'notStarted';
      readonly workers: readonly string[];
      readonly because: string;
      readonly hint?: string;
    }
  | { readonly type: 'deafToSignals'; readonly isProduction: boolean }
  | { readonly type: 'fatal'; readonly worker: string; readonly error: unknown }
  /** `call` was made while its body ran, and ended with the body given up. */
  | { readonly type: 'mayHaveWaitedForItself'; readonly worker: string; readonly call: string }
  | { readonly type: 'tasksAreInMemory' }
  /** A task that waited in memory for an app that never was. */
  | { readonly type: 'lostBeforeBoot'; readonly task: string; readonly name: string }
  | { readonly type: 'transportFailed'; readonly what: string; readonly error: unknown }
  | { readonly type: 'transportIsLate'; readonly transport: string; readonly what: string }
  /** @property cutIn milliseconds */
  | { readonly type: 'tasksDrain'; readonly count: number; readonly tasks: string; readonly cutIn: number }
  /** `drain()` has ended before they have. @property waited milliseconds, or Infinity where the app has stopped */
  | { readonly type: 'drainGaveUp'; readonly tasks: string; readonly waited: number }
  /** @property ms that both took */
  | { readonly type: 'stopped'; readonly workers: StopReport; readonly tasks: TaskStopReport; readonly ms: number }
  /** What became of tasks that were submitted while the app stopped. */
  | { readonly type: 'lateTasksEnded'; readonly tasks: TaskStopReport }
  /** Of the guard, which has words of its own. */
  | { readonly type: 'guardSaid'; readonly level: 'log' | 'warn' | 'error' | 'debug'; readonly line: string }
  /** Nothing more will be told. */
  | { readonly type: 'over' };

export type NoticeType = Notice['type'];
export type NoticeOf<T extends NoticeType> = Extract<Notice, { readonly type: T }>;
