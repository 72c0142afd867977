import { BackgroundWorkerError } from '../shared/errors.js';

const refused = (path: string, what: string): BackgroundWorkerError =>
  new BackgroundWorkerError(
    'BGW_NOT_JSON',
    `payload${path} is ${what}: a task carries JSON; hand over strings, finite numbers, booleans, null, arrays and plain objects`,
  );

/**
 * The JSON of a payload. `undefined` properties drop; everything else that JSON would change or lose is refused with its path.
 * @throws BackgroundWorkerError `BGW_NOT_JSON`
 */
export function jsonOf(payload: unknown): string | undefined {
  check(payload, '', new Set());
  return payload === undefined ? undefined : JSON.stringify(payload);
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
      if (value !== null) checkInside(value, path, above);
      return;
    default:
      throw refused(path, `a ${typeof value}`);
  }
}

function checkInside(value: object, path: string, above: Set<object>): void {
  if (above.has(value)) throw refused(path, 'a cycle');
  above.add(value);
  if (Array.isArray(value)) checkList(value, path, above);
  else checkObject(value, path, above);
  above.delete(value);
}

function checkList(list: readonly unknown[], path: string, above: Set<object>): void {
  for (let index = 0; index < list.length; index += 1) {
    if (list[index] === undefined) throw refused(`${path}[${index}]`, 'undefined in a list');
    check(list[index], `${path}[${index}]`, above);
  }
}

function checkObject(value: object, path: string, above: Set<object>): void {
  const prototype = Object.getPrototypeOf(value) as { readonly constructor?: { readonly name?: string } } | null;
  if (prototype !== null && prototype !== Object.prototype)
    throw refused(path, `an instance of ${prototype.constructor?.name ?? 'a class'}`);
  if (typeof (value as { toJSON?: unknown }).toJSON === 'function') throw refused(path, 'an object with toJSON()');
  const [symbol] = Object.getOwnPropertySymbols(value);
  if (symbol) throw refused(path, `an object with the key ${String(symbol)}`);
  for (const [key, item] of Object.entries(value))
    check(
      item,
      /^[\p{ID_Start}$_][\p{ID_Continue}$]*$/u.test(key) ? `${path}.${key}` : `${path}[${JSON.stringify(key)}]`,
      above,
    );
}
