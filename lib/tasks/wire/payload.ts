import type { SchemaIssue, SchemaResult, StandardSchemaV1 } from '../../contract/standard-schema.js';
import { BackgroundWorkerError, messageOf } from '../../shared/errors.js';

const place = ({ path = [], message }: SchemaIssue): string => {
  const keys = path.map((step) => (typeof step === 'object' ? step.key : step));
  return `payload${keys.map((key) => (typeof key === 'number' ? `[${key}]` : `.${String(key)}`)).join('')}: ${message}`;
};

const refused = (handler: string, why: string): BackgroundWorkerError =>
  new BackgroundWorkerError('BGW_PAYLOAD_REFUSED', `the payload of ${handler} ${why}`);

/** What the schema refuses now it will refuse again; a schema that fails may do better. */
export const isRefusal = (error: unknown): boolean =>
  error instanceof BackgroundWorkerError && error.code === 'BGW_PAYLOAD_REFUSED';

/**
 * What the schema makes of a payload; the payload itself where there is none.
 * @throws BackgroundWorkerError `BGW_PAYLOAD_REFUSED`, with the path of each issue; whatever the schema throws
 */
export async function parsed(
  handler: string,
  schema: StandardSchemaV1 | undefined,
  json: string | undefined,
): Promise<unknown> {
  const payload = json === undefined ? undefined : read(handler, json);
  if (!schema) return payload;
  const result: SchemaResult<unknown> | undefined = await schema['~standard'].validate(payload);
  if (!result)
    throw refused(handler, `is refused: its schema has answered ${String(result)}, not { value } or { issues }`);
  if (!result.issues) return result.value;
  const issues = result.issues.map(place).join('; ');
  throw refused(handler, `is refused by its schema${issues ? `: ${issues}` : ', which names no issue'}`);
}

function read(handler: string, json: string): unknown {
  try {
    return JSON.parse(json);
  } catch (error) {
    throw refused(handler, `is no JSON: ${messageOf(error)}`);
  }
}
