import type { BackoffOptions } from '../shared/backoff.js';
import { checkAll, invalid, milliseconds, numberFrom, present, type Rules } from './check.js';

const rules: Rules = {
  initial: milliseconds(0),
  factor: numberFrom(1, 1_000),
  max: milliseconds(0),
  jitter: numberFrom(0, 1),
  resetAfter: milliseconds(0),
};

/** Option by option: whether they go together is known when all are filled in. */
export const checkBackoff = (subject: string, given: unknown): void => {
  if (given !== undefined) checkAll(subject, given, rules, 'backoff.');
};

/** What one giver, named for messages, says of a backoff. Each layer goes over those before it. */
type Layer = readonly [giver: string, given: Partial<BackoffOptions> | undefined];
type Layers = readonly [base: readonly [giver: string, given: BackoffOptions], ...over: readonly Layer[]];

/**
 * A backoff of workers or tasks: filled in first, then checked as a whole.
 * @throws BackgroundWorkerError `BGW_INVALID_OPTION`, which says where the other value comes from
 */
export function filledBackoff(subject: string, ...layers: Layers): BackoffOptions {
  const [[, base], ...over] = layers;
  if (over.every(([, given]) => given === undefined)) return base;
  const filled = over.reduce((all, [, given]) => ({ ...all, ...present(given ?? {}) }), base);
  if (filled.max < filled.initial) throw contradiction(subject, layers, filled);
  return filled;
}

function contradiction(subject: string, layers: Layers, { initial, max }: BackoffOptions): Error {
  const giverOf = (option: 'initial' | 'max'): number =>
    layers.findLastIndex(([, given]) => given?.[option] !== undefined);
  const [first, longest] = [giverOf('initial'), giverOf('max')];
  const by = (other: number): string => (first === longest ? '' : `, by ${layers[other]?.[0]}`);
  return first > longest
    ? invalid(subject, 'backoff.initial', initial, `backoff.max (${max}${by(longest)}) or less; give backoff.max too`)
    : invalid(
        subject,
        'backoff.max',
        max,
        `backoff.initial (${initial}${by(first)}) or more; give backoff.initial too`,
      );
}
