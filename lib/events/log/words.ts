/** For a log line. */
export const seconds = (ms: number): string =>
  ms < 10_000 ? `${(ms / 1_000).toFixed(1)} s` : `${Math.round(ms / 1_000)} s`;

export const countOf = (count: number): string => `${count} task${count === 1 ? '' : 's'}`;
