import type { Abstract, Type } from '@nestjs/common';
import type { SchemaInput, SchemaOutput, StandardSchemaV1 } from './standard-schema.js';
import type { SubmitOptions, TaskContext } from './tasks.js';

/** A method that takes a task: its payload, and what every task is given. */
export type TaskHandlerMethod = (payload: never, ctx: TaskContext) => unknown;
export type HandlerClass<C> = Type<C> | Abstract<C>;

/** The methods of a class that can take a task. */
export type TaskMethod<C> = { [K in keyof C]: C[K] extends TaskHandlerMethod ? K : never }[keyof C] & string;
type Fn<C, M extends keyof C> = Extract<C[M], TaskHandlerMethod>;

declare const input: unique symbol;
/** A handler's parameter where a schema's output differs from its input. */
export type Parsed<S extends StandardSchemaV1> = SchemaOutput<S> & { readonly [input]?: SchemaInput<S> };
type InputOf<P> = P extends { readonly [input]?: infer I } ? (unknown extends I ? P : Exclude<I, undefined>) : P;

/** `never` wherever JSON would lose or change something. */
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

export type DispatchArgs<C, M extends keyof C, O = DispatchOptions> =
  Parameters<Fn<C, M>> extends []
    ? [payload?: undefined, options?: O]
    : undefined extends Parameters<Fn<C, M>>[0]
      ? [payload?: PayloadOf<C, M>, options?: O]
      : [payload: PayloadOf<C, M>, options?: O];

export type RunArgs<C, M extends keyof C> =
  Parameters<Fn<C, M>> extends []
    ? [payload?: undefined, options?: RunOptions]
    : [payload: Parameters<Fn<C, M>>[0], options?: RunOptions];

export type RunResult<C, M extends keyof C> = Awaited<ReturnType<Fn<C, M>>>;

export interface RunOptions extends SubmitOptions {
  /** Handed over instead of copied, as `structuredClone` does. */
  transfer?: readonly object[];
}

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

export interface DispatchedTask {
  readonly id: string;
}
