import * as fc from 'fast-check';
import { defineWorker } from '../../lib/definition/definition.js';
import type { WorkerOptions } from '../../lib/definition/options.js';
import type { Policy } from '../../lib/supervision/machine/machine.js';

/** What may happen to a worker, from outside, from its body, from its gates; what makes no sense at the moment is skipped. */
export const OPS = [
  'start',
  'stop',
  'restart',
  'pause',
  'resume',
  'trigger',
  'shutdown',
  'disable',
  'abandon',
  'complete',
  'crash',
  'escalate',
  'doNotRestart',
  'endWell',
  'endBadly',
  'settleLate',
  'beat',
  'unitCompleted',
  'ready',
  'extendStop',
  'gateWon',
  'gateFailed',
  'gateLost',
  'time',
  'longTime',
] as const;

export type Op = (typeof OPS)[number];
/** `by` is a magnitude from [0, 1): how long, which one. */
export interface Move {
  readonly op: Op;
  readonly by: number;
}

const unit = fc.integer({ min: 0, max: 999 }).map((n) => n / 1_000);
const often: readonly Op[] = ['start', 'crash', 'complete', 'gateWon', 'gateWon', 'time', 'time', 'time'];
const move = fc.record({ op: fc.constantFrom<Op>(...OPS, ...often), by: unit });
export const histories = fc.array(move, { minLength: 1, maxLength: 60, size: 'max' });

const ms = (min: number, max: number): fc.Arbitrary<number> => fc.integer({ min, max });
const option = <T>(value: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> => fc.option(value, { nil: undefined });

const common = {
  maxFailures: fc.constantFrom(1, 2, 3, Infinity),
  critical: fc.boolean(),
  heartbeatTimeout: option(ms(1, 500)),
  stopTimeout: ms(0, 1_000),
  cancelGrace: ms(0, 500),
  backoff: fc
    .record({
      initial: ms(0, 1_000),
      factor: fc.constantFrom(1, 1.5, 2, 3),
      more: ms(0, 5_000),
      jitter: unit,
      resetAfter: ms(0, 2_000),
    })
    .map(({ more, ...rest }) => ({ ...rest, max: rest.initial + more })),
};
const loops: fc.Arbitrary<WorkerOptions> = fc.record({
  ...common,
  restart: fc.constantFrom('on-failure', 'always', 'never'),
  readyTimeout: option(ms(1, 500)),
});
const spread = { initialDelay: option(ms(0, 300)), jitter: option(ms(0, 100)) };
const ticks: fc.Arbitrary<WorkerOptions> = fc.record({
  ...common,
  every: fc.oneof(ms(1, 400), fc.record({ rate: ms(1, 400), ...spread }), fc.record({ delay: ms(1, 400), ...spread })),
});

export const policies: fc.Arbitrary<Policy> = fc
  .record({
    options: fc.oneof(loops, ticks),
    shutdownTimeout: ms(0, 2_000),
    gates: fc.constantFrom<Policy['gates']>([], [], ['guard'], ['guard', 'lease']),
  })
  .map(({ options, ...rest }) => ({ ...defineWorker('ModelWorker', options), ...rest }));

/** The number of histories: 1,000 at least; `BGW_MODEL_RUNS` for a longer search. */
export const RUNS = Number(process.env['BGW_MODEL_RUNS'] ?? 5_000);
