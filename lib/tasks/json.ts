import { BackgroundWorkerError } from '../shared/errors.js';

const refused = (path: string, what: string): BackgroundWorkerError =>
  new BackgroundWorkerError(
    'BGW_NOT_JSON',
    `the payload${path} is ${what}; a task carries JSON: hand over strings, numbers, booleans, null, arrays and plain objects`,
  );

/** The JSON of a payload; `undefined` properties drop, everything else that JSON would change or lose is refused with its path. */
export function jsonOf(payload: unknown): string {
  check(payload, '', new Set());
  return JSON.stringify(payload ?? null);
}

function check(value: unknown, path: string, above: Set<object>): void {
  switch (typeof value) {
    case 'string':
    case 'boolean':
    case 'undefined':
      return;
    case 'number':
      if (!Number.isFinite(value)) throw refused(path, String(value));
      return;
    case 'object':
      if (value !== null) inside(value, path, above);
      return;
    default:
      throw refused(path, `a ${typeof value}`);
  }
}

function inside(value: object, path: string, above: Set<object>): void {
  if (above.has(value)) throw refused(path, 'a cycle');
  above.add(value);
  if (Array.isArray(value)) {
    value.forEach((item, index) => {
      if (item === undefined) throw refused(`${path}[${index}]`, 'undefined in a list');
      check(item, `${path}[${index}]`, above);
    });
  } else {
    const prototype: unknown = Object.getPrototypeOf(value);
    if (prototype !== Object.prototype && prototype !== null)
      throw refused(path, `an instance of ${value.constructor.name || 'a class'}`);
    for (const [key, item] of Object.entries(value)) check(item, `${path}.${key}`, above);
  }
  above.delete(value);
}
