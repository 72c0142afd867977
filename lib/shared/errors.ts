/** Every code the library throws. `docs/errors.md` explains each; a test pins the list. */
export const ERROR_CODES = [
  'BGW_ABORTED',
  'BGW_DUPLICATE_HANDLER',
  'BGW_DUPLICATE_WORKER',
  'BGW_INVALID_OPTION',
  'BGW_METADATA_VERSION',
  'BGW_MISSING_PEER',
  'BGW_NO_CONSUMER',
  'BGW_NO_REQUEST',
  'BGW_NO_UNIT',
  'BGW_NOT_A_WORKER',
  'BGW_NOT_JSON',
  'BGW_NOT_READY',
  'BGW_NOT_REGISTERED',
  'BGW_NOT_RUNNING',
  'BGW_NOT_SUPPORTED',
  'BGW_OPEN_TRANSACTION',
  'BGW_PAYLOAD_REFUSED',
  'BGW_QUEUE_FULL',
  'BGW_SCOPED_WORKER',
  'BGW_SELF_JOIN',
  'BGW_SHUTTING_DOWN',
  'BGW_TASK_DISCARDED',
  'BGW_TOO_EARLY',
  'BGW_TOO_LATE',
  'BGW_TRANSACTION_ENDED',
  'BGW_TWO_CONFIGURATIONS',
  'BGW_UNKNOWN_HANDLER',
  'BGW_UNKNOWN_POOL',
  'BGW_UNKNOWN_TASK',
  'BGW_UNKNOWN_WORKER',
  'BGW_UNSUPPORTED_OPTION',
] as const;

/** One of `ERROR_CODES`. */
export type ErrorCode = (typeof ERROR_CODES)[number];

/**
 * Every error the library throws.
 *
 * @example
 * ```ts
 * const has = (error: unknown, code: ErrorCode) => error instanceof BackgroundWorkerError && error.code === code;
 * ```
 */
export class BackgroundWorkerError extends Error {
  override readonly name: string = 'BackgroundWorkerError';

  /**
   * @param code `BGW_…`, one of the pinned list in `docs/errors.md`.
   */
  constructor(
    readonly code: ErrorCode,
    message: string,
    options?: ErrorOptions,
  ) {
    super(`${message} [${code}]`, options);
  }
}

/** What ended the work. `docs/errors.md#bgw_aborted` explains each. */
export type AbortWhy =
  'shutdown' | 'stop' | 'restart' | 'pause' | 'hand-over' | 'lease-lost' | 'stall' | 'timeout' | 'failed' | 'cancelled';

/**
 * `signal.reason` of every signal the library aborts. Its `name` is `AbortError`, as the platform's own.
 *
 * @example
 * ```ts
 * const TIME_OUT: AbortWhy = 'timeout';
 * const timedOut = ({ reason }: AbortSignal) => reason instanceof WorkerAborted && reason.why === TIME_OUT;
 * ```
 */
export class WorkerAborted extends BackgroundWorkerError {
  override readonly name = 'AbortError';

  /**
   * @param why What ended the work.
   * @param deadline When waiting for it ends, in epoch milliseconds; absent where nobody waits.
   */
  constructor(
    readonly why: AbortWhy,
    subject: string,
    readonly deadline?: number,
  ) {
    super('BGW_ABORTED', `${subject} was aborted: ${why}`);
  }
}

const DO_NOT_RESTART = Symbol.for('nestjs-background-worker:do-not-restart');
const ESCALATE = Symbol.for('nestjs-background-worker:escalate');

/**
 * Thrown or rejected from a body: the worker stops and is not restarted.
 * Recognised by `Symbol.for`, so that two copies of the package agree. (After Temporal's non-retryable failures.)
 *
 * @example
 * ```ts
 * const noKey = () => new DoNotRestart(new Error('no key: trying again will not help'));
 * ```
 */
export class DoNotRestart extends Error {
  override readonly name = 'DoNotRestart';
  readonly [DO_NOT_RESTART] = true;

  constructor(cause?: unknown) {
    super(messageOf(cause, 'the worker asked not to be restarted'), { cause });
  }
}

/**
 * Thrown or rejected from a body: the worker fails and the app shuts down with a non-zero exit. (After OTP's escalation.)
 *
 * @example
 * ```ts
 * const giveUp = (error: unknown) => Promise.reject(new Escalate(error));
 * ```
 */
export class Escalate extends Error {
  override readonly name = 'Escalate';
  readonly [ESCALATE] = true;

  constructor(cause?: unknown) {
    super(messageOf(cause, 'the worker escalated'), { cause });
  }
}

function carries(error: unknown, mark: symbol): boolean {
  try {
    return typeof error === 'object' && error !== null && mark in error;
  } catch {
    return false;
  }
}

export const isDoNotRestart = (error: unknown): boolean => carries(error, DO_NOT_RESTART);
export const isEscalate = (error: unknown): boolean => carries(error, ESCALATE);

/** The text of anything that can be thrown; a getter that throws included. */
export function messageOf(error: unknown, absent = 'undefined'): string {
  try {
    if (error === undefined) return absent;
    return String(error instanceof Error ? error.message || error.name : error);
  } catch {
    return 'an error whose message cannot be read';
  }
}

/** The stack where there is one, else the message. */
export function stackOf(error: unknown): string {
  try {
    return error instanceof Error && typeof error.stack === 'string' ? error.stack : messageOf(error);
  } catch {
    return messageOf(error);
  }
}

/** A stack to log, unless it is that of an abort: it leads through this library only. */
export function traceOf(error: unknown): readonly string[] {
  try {
    return error instanceof WorkerAborted ? [] : [stackOf(error)];
  } catch {
    return [];
  }
}

/** True for the reason itself, for an error that carries it in its `cause` chain, and for any AbortError. */
export function isAbortBy(reason: unknown, error: unknown): boolean {
  try {
    const seen = new Set<unknown>();
    for (let at = error; at !== undefined && at !== null && !seen.has(at); at = (at as { cause?: unknown }).cause) {
      if (at === reason) return true;
      seen.add(at);
    }
    return (error as { name?: unknown } | undefined)?.name === 'AbortError';
  } catch {
    return false;
  }
}
