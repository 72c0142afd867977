import { cpus, loadavg } from 'node:os';

export function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (sorted.length - 1) * share;
  const [low = NaN, high = NaN] = [sorted[Math.floor(at)], sorted[Math.ceil(at)]];
  return low + (high - low) * (at - Math.floor(at));
}

export const median = (values: readonly number[]): number => quantile(values, 0.5);

/** Round by round, so that what slowed a whole round down cancels out. */
export const ratios = (of: readonly number[], to: readonly number[]): readonly number[] =>
  of.map((value, round) => value / (to[round] ?? NaN));

export const ratio = (of: readonly number[], to: readonly number[]): number => median(ratios(of, to));

export const difference = (of: readonly number[], to: readonly number[]): number =>
  median(of.map((value, round) => value - (to[round] ?? NaN)));

/** A table in Markdown, with figures to the right. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): void {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  console.log(`\n${line(head)}\n|${head.map((_, column) => (column === 0 ? '---' : '--:')).join('|')}|`);
  for (const row of rows) console.log(line(row));
}

/** A goal, and where it is not met by how much. */
export function atMost(goal: number, what: string, is: number, digits = 2): void {
  const by = is <= goal ? '' : `, missed by ${(is - goal).toFixed(digits)}`;
  console.log(`${is <= goal ? 'met   ' : 'MISSED'} ${what}: ${is.toFixed(digits)}, goal ${goal.toFixed(digits)}${by}`);
}

export const machine = (): string => `${cpus().length} x ${cpus()[0]?.model}, load ${loadavg()[0]?.toFixed(1)}`;
