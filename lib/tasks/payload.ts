import type { SchemaIssue, StandardSchemaV1 } from '../contract/standard-schema.js';
import { BackgroundWorkerError } from '../shared/errors.js';

const place = ({ path = [], message }: SchemaIssue): string => {
  const keys = path.map((step) => (typeof step === 'object' ? step.key : step));
  return `payload${keys.map((key) => (typeof key === 'number' ? `[${key}]` : `.${String(key)}`)).join('')}: ${message}`;
};

/**
 * What the schema makes of a payload; the payload itself where there is none.
 * @throws BackgroundWorkerError `BGW_PAYLOAD_REFUSED`, with the path of each issue
 */
export async function parsed(
  handler: string,
  schema: StandardSchemaV1 | undefined,
  payload: unknown,
): Promise<unknown> {
  if (!schema) return payload;
  const result = await schema['~standard'].validate(payload);
  if (!result.issues) return result.value;
  throw new BackgroundWorkerError(
    'BGW_PAYLOAD_REFUSED',
    `the payload of ${handler} is refused by its schema: ${result.issues.map(place).join('; ')}`,
  );
}
