import { isRecord } from '../../definition/check.js';
import type { TaskMessage } from './transport.js';

const VERSION = 1;

/** A task as it lies with a broker. Fields are only ever added; one that changes its meaning is a new version. */
export interface Envelope extends TaskMessage {
  readonly v: typeof VERSION;
}

/** What was found in a broker's message. */
export type Opened =
  | { readonly type: 'task'; readonly message: TaskMessage }
  /** Nobody here can ever handle it: it is to be set aside. @property why for the log */
  | { readonly type: 'poison'; readonly why: string };

export const sealed = ({ id, name, payload, headers }: TaskMessage): Envelope => ({
  v: VERSION,
  id,
  name,
  payload,
  headers,
});

/** @param content an envelope, or its JSON */
export function opened(content: unknown): Opened {
  const envelope = typeof content === 'string' ? read(content) : content;
  if (!isRecord(envelope)) return poison('it is no JSON object');
  const { v, id, name, payload, headers } = envelope;
  if (v !== VERSION) return poison(`its envelope's version is ${String(v)}; this version reads ${VERSION}`);
  if (typeof id !== 'string' || typeof name !== 'string') return poison('it has no id or no handler’s name');
  if (payload !== undefined && typeof payload !== 'string') return poison('its payload is no JSON text');
  if (!isStrings(headers)) return poison('its headers are no strings');
  return { type: 'task', message: { id, name, payload, headers } };
}

const poison = (why: string): Opened => ({ type: 'poison', why });

const isStrings = (value: unknown): value is Readonly<Record<string, string>> =>
  isRecord(value) && Object.values(value).every((one) => typeof one === 'string');

function read(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
