import type { Message } from '../endpoint/channel.js';

/** Who a process is to the other side. */
export interface Identity {
  readonly pid: number;
  /** What it runs, for the log. */
  readonly entry: string;
  /** When its process began, in epoch milliseconds: the younger one has the newer code. */
  readonly born: number;
}

export type Ask = Identity & { readonly type: 'ask' };

interface Progress {
  readonly pid: number;
  readonly entry: string;
  /** Those of whom a body lives. */
  readonly workers: readonly string[];
  readonly closing: boolean;
}

export type Answer =
  /** The holder's workers stop. `closing`: so does its app, and its HTTP port will be free. */
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
  /** The holder, or the one who takes over from it, is younger; this connection ends when the endpoint is free. */
  | { readonly type: 'kept'; readonly pid: number; readonly entry: string };

export const RUN_BOTH = "To run both, give one of them forRoot({ guard: { key: '…' } })";
export const seconds = (ms: number): string => `${(ms / 1_000).toFixed(1)} s`;

const ANSWERS: readonly unknown[] = ['draining', 'stuck', 'released', 'kept'];

/** Messages are proven to come from our own user; still, what is not understood is ignored. */
export const asAnswer = (message: Message): Answer | undefined =>
  ANSWERS.includes(message['type']) && typeof message['pid'] === 'number' ? (message as unknown as Answer) : undefined;

export const asAsk = (message: Message | undefined): Ask | undefined =>
  message?.['type'] === 'ask' && typeof message['pid'] === 'number' && typeof message['born'] === 'number'
    ? (message as unknown as Ask)
    : undefined;

export const isYounger = (one: Identity, other: Identity): boolean =>
  one.born === other.born ? one.pid > other.pid : one.born > other.born;
