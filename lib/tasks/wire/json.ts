import { BackgroundWorkerError } from '../../shared/errors.js';

const DEEPEST = 1_000;

const refused = (path: string, what: string): BackgroundWorkerError =>
  new BackgroundWorkerError(
    'BGW_NOT_JSON',
    `payload${path} is ${what}: a task carries JSON; hand over strings, finite numbers, booleans, null, arrays and plain objects`,
  );

/**
 * The JSON of a payload. `undefined` properties drop, -0 becomes 0; everything else that JSON would change or lose is
 * refused with its path. Each value is read once: what is checked is what is sent.
 * @throws BackgroundWorkerError `BGW_NOT_JSON`
 */
export function jsonOf(payload: unknown): string | undefined {
  return payload === undefined ? undefined : write(payload, '', new Set());
}

function write(value: unknown, path: string, above: Set<object>): string {
  switch (typeof value) {
    case 'string':
    case 'boolean':
      return JSON.stringify(value);
    case 'number':
      if (!Number.isFinite(value)) throw refused(path, String(value));
      return JSON.stringify(value);
    case 'object':
      return value === null ? 'null' : writeInside(value, path, above);
    default:
      throw refused(path, `a ${typeof value}`);
  }
}

function writeInside(value: object, path: string, above: Set<object>): string {
  if (above.has(value)) throw refused(path, 'a cycle');
  if (above.size >= DEEPEST) throw refused('', `nested more than ${DEEPEST} levels deep`);
  above.add(value);
  const json = Array.isArray(value) ? writeList(value, path, above) : writeObject(value, path, above);
  above.delete(value);
  return json;
}

function writeList(list: readonly unknown[], path: string, above: Set<object>): string {
  const prototype = prototypeOf(list);
  if (!Array.isArray(prototype)) throw refused(path, kindOf(prototype));
  const items: string[] = [];
  for (let index = 0; index < list.length; index += 1) {
    const item = list[index];
    if (item === undefined) throw refused(`${path}[${index}]`, 'undefined in a list');
    items.push(write(item, `${path}[${index}]`, above));
  }
  const more = Reflect.ownKeys(list).find((key) => key !== 'length' && !Object.hasOwn(items, key));
  if (more !== undefined) throw refused(path, `a list with the key ${nameOf(more)}, which JSON leaves out`);
  return `[${items.join(',')}]`;
}

function writeObject(value: object, path: string, above: Set<object>): string {
  const prototype = prototypeOf(value);
  if (prototype !== null && !Object.hasOwn(prototype, 'isPrototypeOf')) throw refused(path, kindOf(prototype));
  const items: string[] = [];
  for (const key of Reflect.ownKeys(value)) {
    if (typeof key === 'symbol' || !Object.prototype.propertyIsEnumerable.call(value, key))
      throw refused(path, `an object with the key ${nameOf(key)}, which JSON leaves out`);
    const item = (value as Readonly<Record<string, unknown>>)[key];
    if (item === undefined) continue;
    const isWord = /^[\p{ID_Start}$_][\p{ID_Continue}$]*$/u.test(key);
    const name = JSON.stringify(key);
    items.push(`${name}:${write(item, isWord ? `${path}.${key}` : `${path}[${name}]`, above)}`);
  }
  return `{${items.join(',')}}`;
}

const prototypeOf = (value: object): object | null => Object.getPrototypeOf(value) as object | null;
const nameOf = (key: string | symbol): string => (typeof key === 'symbol' ? String(key) : JSON.stringify(key));

const kindOf = (prototype: object | null): string =>
  prototype && Object.hasOwn(prototype, 'constructor')
    ? `an instance of ${prototype.constructor.name}`
    : 'an object that inherits from another';
