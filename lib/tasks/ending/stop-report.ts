import type { StopReport } from '../../contract/worker-state.js';
import { seconds } from '../../events/streaks.js';

/** How many tasks have ended how. */
export interface Ends {
  /** By themselves. */
  readonly drained: number;
  /** By their signal, as the app's time was up. */
  readonly cut: number;
  /** Never begun, or never tried again. */
  readonly lost: number;
  /** To the engine that owns them: they run elsewhere. */
  readonly handedBack: number;
}

/** What became of the tasks while the app stopped. */
export interface TaskStopReport extends Ends {
  /** Still running when the time was up: names and ids. */
  readonly abandoned: readonly string[];
}

export const endsSince = (now: Ends, before: Ends): Ends => ({
  drained: now.drained - before.drained,
  cut: now.cut - before.cut,
  lost: now.lost - before.lost,
  handedBack: now.handedBack - before.handedBack,
});

export const countOf = (count: number): string => `${count} task${count === 1 ? '' : 's'}`;

const endsOf = ({ drained, cut, lost, handedBack }: Ends): readonly string[] => [
  ...(drained > 0 ? [`${countOf(drained)} drained`] : []),
  ...(cut > 0 ? [`${countOf(cut)} cut`] : []),
  ...(lost > 0 ? [`${countOf(lost)} lost`] : []),
  ...(handedBack > 0 ? [`${countOf(handedBack)} handed back`] : []),
];

/** What to complain of, if anything, about tasks that came while the app stopped. */
export function complaintOf({ abandoned, ...ends }: TaskStopReport): string | undefined {
  const parts = [
    ...(abandoned.length > 0 ? [`abandoned, still running: ${abandoned.join(', ')}`] : []),
    ...endsOf({ ...ends, drained: 0, handedBack: 0 }),
  ];
  return parts.length > 0 ? `tasks that were submitted while the app stopped: ${parts.join('; ')}` : undefined;
}

/** The one line about the end of workers and tasks. @param ms that both took */
export function describeStop(
  { stopped, abandoned }: StopReport,
  tasks: TaskStopReport,
  ms: number,
): { readonly level: 'log' | 'error'; readonly line: string | undefined } {
  const left = [
    ...abandoned,
    ...(tasks.abandoned.length > 0 ? [`${countOf(tasks.abandoned.length)}: ${tasks.abandoned.join(', ')}`] : []),
  ];
  const ends = endsOf(tasks);
  const level = left.length > 0 || tasks.cut > 0 || tasks.lost > 0 ? 'error' : 'log';
  if (left.length > 0) {
    const line = [`stopped after ${seconds(ms)}`, `abandoned, still running: ${left.join(', ')}`, ...ends].join('; ');
    return { level, line };
  }
  if (stopped.length > 0) {
    const line = [`all workers stopped in ${seconds(ms)}: ${stopped.join(', ')}`, ...ends].join('; ');
    return { level, line };
  }
  return { level, line: ends.length > 0 ? `stopped in ${seconds(ms)}: ${ends.join('; ')}` : undefined };
}
