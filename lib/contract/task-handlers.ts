import type { Abstract, Type } from '@nestjs/common';
import type { SchemaInput, SchemaOutput, StandardSchemaV1 } from './standard-schema.js';
import type { SubmitOptions, TaskContext } from './tasks.js';

/**
 * A method that takes a task: its payload, and what every task is given.
 *
 * @example
 * ```ts
 * const send: TaskHandlerMethod = (mail: { to: string }, ctx: TaskContext) => ctx.logger.log(`to ${mail.to}`);
 * ```
 */
export type TaskHandlerMethod = (payload: never, ctx: TaskContext) => unknown;
/**
 * A class with task handlers, as `dispatch` and `run` name it; it may be abstract.
 *
 * @example
 * ```ts
 * abstract class Mailer {}
 * const by: HandlerClass<Mailer> = Mailer;
 * ```
 */
export type HandlerClass<C> = Type<C> | Abstract<C>;

/**
 * The methods of a class that can take a task.
 *
 * @example
 * ```ts
 * class Mailer {
 *   readonly from = 'us@example.com';
 *   async send(mail: { to: string }) {}
 * }
 * const method: TaskMethod<Mailer> = 'send';
 * ```
 */
export type TaskMethod<C> = { [K in keyof C]: C[K] extends TaskHandlerMethod ? K : never }[keyof C] & string;
type Fn<C, M extends keyof C> = Extract<C[M], TaskHandlerMethod>;

declare const input: unique symbol;
/**
 * A handler's parameter where a schema's output differs from its input.
 *
 * @example
 * ```ts
 * type Wire = StandardSchemaV1<{ at: string }, { at: Date }>;
 * class Reminders {
 *   async remind(reminder: Parsed<Wire>) {
 *     return reminder.at.getTime();
 *   }
 * }
 * const remind = (tasks: BackgroundTasks) => tasks.dispatch(Reminders, 'remind', { at: '2030-01-01T00:00:00Z' });
 * ```
 */
export type Parsed<S extends StandardSchemaV1> = SchemaOutput<S> & { readonly [input]?: SchemaInput<S> };
type InputOf<P> = P extends { readonly [input]?: infer I } ? (unknown extends I ? P : Exclude<I, undefined>) : P;

/**
 * `never` wherever JSON would lose or change something.
 *
 * @example
 * ```ts
 * type Fine = Jsonable<{ to: string; tags: string[] }>;
 * type Refused = Jsonable<Date>; // never
 * ```
 */
export type Jsonable<T> = T extends string | number | boolean | null | undefined
  ? T
  : T extends
        | bigint
        | symbol
        | ((...a: never[]) => unknown)
        | Date
        | ReadonlyMap<unknown, unknown>
        | ReadonlySet<unknown>
        | ArrayBuffer
        | ArrayBufferView
    ? never
    : { [K in keyof T]: Jsonable<T[K]> };

/** What `dispatch` takes for a handler. */
export type PayloadOf<C, M extends keyof C> = Jsonable<InputOf<Parameters<Fn<C, M>>[0]>>;

/**
 * What `dispatch` takes after the method: the payload, where the handler has one, and options.
 *
 * @example
 * ```ts
 * class Mailer {
 *   async send(mail: { to: string }) {}
 * }
 * const mail: PayloadOf<Mailer, 'send'> = { to: 'ada@example.com' };
 * const args: DispatchArgs<Mailer, 'send'> = [mail, { delay: 60_000 }];
 * ```
 */
export type DispatchArgs<C, M extends keyof C, O = DispatchOptions> =
  Parameters<Fn<C, M>> extends []
    ? [payload?: undefined, options?: O]
    : undefined extends Parameters<Fn<C, M>>[0]
      ? [payload?: PayloadOf<C, M>, options?: O]
      : [payload: PayloadOf<C, M>, options?: O];

/**
 * What `run` takes after the method. The payload is copied by `structuredClone`, so it need not be JSON.
 *
 * @example
 * ```ts
 * class Reports {
 *   async render(since: Date) {
 *     return since.toISOString();
 *   }
 * }
 * const args: RunArgs<Reports, 'render'> = [new Date(), { timeout: 5_000 }];
 * ```
 */
export type RunArgs<C, M extends keyof C> =
  Parameters<Fn<C, M>> extends []
    ? [payload?: undefined, options?: RunOptions]
    : [payload: Parameters<Fn<C, M>>[0], options?: RunOptions];

/**
 * What `run` resolves with: what the handler returns, awaited.
 *
 * @example
 * ```ts
 * class Reports {
 *   async render(since: Date) {
 *     return since.toISOString();
 *   }
 * }
 * const text: RunResult<Reports, 'render'> = '2030-01-01T00:00:00.000Z';
 * ```
 */
export type RunResult<C, M extends keyof C> = Awaited<ReturnType<Fn<C, M>>>;

/**
 * Options of `run`. Its time-out and backoff are the handler's unless given; it is retried only where `retries` is given.
 *
 * @example
 * ```ts
 * const bytes = new Uint8Array(1_000_000);
 * const options: RunOptions = { transfer: [bytes.buffer], timeout: 5_000 };
 * ```
 */
export interface RunOptions extends SubmitOptions {
  /** Handed over instead of copied, as `structuredClone` does. */
  transfer?: readonly object[];
}

/**
 * Options of `dispatch`. Retries, backoff and time-out are the handler's.
 *
 * @example
 * ```ts
 * const options: DispatchOptions = { id: 'welcome-42', delay: 60_000 };
 * ```
 */
export interface DispatchOptions {
  /** Default: a random one. A second dispatch with an id that is still known is the first one. */
  id?: string;
  /** In milliseconds, before the first attempt. Default 0. */
  delay?: number;
  /** Which of the waiting tasks comes first, where the transport knows: the one in memory does not. */
  priority?: number;
  /** An ORM's manager: the dispatch commits or vanishes with it. Not with the transport in memory. */
  transaction?: unknown;
}

/**
 * A task that is safe with the transport.
 *
 * @example
 * ```ts
 * const follow = (tasks: BackgroundTasks, { id }: DispatchedTask) => tasks.status(id);
 * ```
 */
export interface DispatchedTask {
  readonly id: string;
}
