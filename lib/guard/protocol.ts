import type { Message } from '../endpoint/channel.js';

/** Who a process is to the other side. */
export interface Identity {
  readonly pid: number;
  /** What it runs, for the log. */
  readonly entry: string;
  /** The kernel's word of when its process began; no clock of the process's own. Absent where nobody knows. */
  readonly started?: number | undefined;
}

/** `ask`: for the workers. `look`: whether the holder closes, and nothing more. */
export type Ask = Identity & { readonly type: 'ask' | 'look' };

interface Progress {
  readonly pid: number;
  readonly entry: string;
  /** Those of whom a body lives. */
  readonly workers: readonly string[];
  readonly closing: boolean;
  /** Milliseconds by which it will have ended, or let go. */
  readonly endsIn?: number;
}

export type Answer =
  /** The holder's workers stop. `closing`: so does its app, and its ports will be free. */
  | (Progress & { readonly type: 'draining' })
  /** A body does not settle: nothing is released until it has, or until the process has ended. */
  | (Progress & { readonly type: 'stuck' })
  | {
      readonly type: 'released';
      readonly pid: number;
      readonly entry: string;
      readonly ms: number;
      readonly closing: boolean;
    }
  /** The holder is newer; this connection ends when the endpoint is free. `settled`: it is past its start. */
  | { readonly type: 'kept'; readonly pid: number; readonly entry: string; readonly settled?: boolean }
  /** The holder that keeps it has handed over to this one. */
  | { readonly type: 'passed'; readonly pid: number; readonly entry: string }
  /** The holder that keeps it is past its start by now. */
  | { readonly type: 'settled'; readonly pid: number }
  /** To a look: it does not close. */
  | { readonly type: 'open'; readonly pid: number };

/** Between two answers of one that lets go, in milliseconds. */
export const PROGRESS = 1_000;

const ANSWERS: readonly unknown[] = ['draining', 'stuck', 'released', 'kept', 'passed', 'settled', 'open'];

/** Messages are proven to come from our own user; still, what is not understood is ignored. */
export const asAnswer = (message: Message): Answer | undefined =>
  ANSWERS.includes(message['type']) && typeof message['pid'] === 'number' ? (message as unknown as Answer) : undefined;

export const asAsk = (message: Message | undefined): Ask | undefined =>
  (message?.['type'] === 'ask' || message?.['type'] === 'look') && typeof message['pid'] === 'number'
    ? (message as unknown as Ask)
    : undefined;

/** By the kernel's order, ties by the higher pid. Where that is unknown, whoever asks later is the newer one. */
export function isNewer(asker: Identity, holder: Identity): boolean {
  if (typeof asker.started !== 'number' || typeof holder.started !== 'number') return true;
  return asker.started === holder.started ? asker.pid > holder.pid : asker.started > holder.started;
}
