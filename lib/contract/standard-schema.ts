/**
 * The Standard Schema interface, version 1 (https://standardschema.dev), as zod, valibot, arktype and others implement it.
 *
 * @example
 * ```ts
 * const trimmed: StandardSchemaV1<string> = {
 *   '~standard': {
 *     version: 1,
 *     vendor: 'acme',
 *     validate: (value) =>
 *       typeof value === 'string' ? { value: value.trim() } : { issues: [{ message: 'is no string' }] },
 *   },
 * };
 * ```
 */
export interface StandardSchemaV1<Input = unknown, Output = Input> {
  readonly '~standard': {
    readonly version: 1;
    readonly vendor: string;
    readonly validate: (value: unknown) => SchemaResult<Output> | Promise<SchemaResult<Output>>;
    readonly types?: { readonly input: Input; readonly output: Output } | undefined;
  };
}

/**
 * What a schema says of a value: its output, or what is wrong with it.
 *
 * @example
 * ```ts
 * const said = (result: SchemaResult<unknown>) => result.issues?.map(({ message }) => message).join('; ') ?? 'fine';
 * ```
 */
export type SchemaResult<Output> =
  { readonly value: Output; readonly issues?: undefined } | { readonly issues: readonly SchemaIssue[] };

/**
 * One thing that is wrong with a value, and where in it.
 *
 * @example
 * ```ts
 * const issue: SchemaIssue = { message: 'must be an address', path: ['to', 0] };
 * ```
 */
export interface SchemaIssue {
  readonly message: string;
  readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined;
}

/**
 * What goes into a schema.
 *
 * @example
 * ```ts
 * type Given = SchemaInput<StandardSchemaV1<string, Date>>; // string
 * ```
 */
export type SchemaInput<S extends StandardSchemaV1> = NonNullable<S['~standard']['types']>['input'];
/**
 * What comes out of it.
 *
 * @example
 * ```ts
 * type Received = SchemaOutput<StandardSchemaV1<string, Date>>; // Date
 * ```
 */
export type SchemaOutput<S extends StandardSchemaV1> = NonNullable<S['~standard']['types']>['output'];
