import type { Ends, NoticeOf, TaskStopReport } from '../notices.js';
import { countOf, seconds } from './words.js';

type Line = readonly ['log' | 'error', string];

const endsOf = ({ drained, cut, lost, handedBack }: Ends): readonly string[] => [
  ...(drained > 0 ? [`${countOf(drained)} drained`] : []),
  ...(cut > 0 ? [`${countOf(cut)} cut`] : []),
  ...(lost > 0 ? [`${countOf(lost)} lost`] : []),
  ...(handedBack > 0 ? [`${countOf(handedBack)} handed back`] : []),
];

/** What to complain of, if anything, about tasks that came while the app stopped. */
export function lateLine({ abandoned, ...ends }: TaskStopReport): Line | undefined {
  const parts = [
    ...(abandoned.length > 0 ? [`abandoned, still running: ${abandoned.join(', ')}`] : []),
    ...endsOf({ ...ends, drained: 0, handedBack: 0 }),
  ];
  return parts.length > 0
    ? ['error', `tasks that were submitted while the app stopped: ${parts.join('; ')}`]
    : undefined;
}

/** The one line about the end of workers and tasks. It names each straggler. */
export function stopLine({ workers: { stopped, abandoned }, tasks, ms }: NoticeOf<'stopped'>): Line | undefined {
  const left = [
    ...abandoned,
    ...(tasks.abandoned.length > 0 ? [`${countOf(tasks.abandoned.length)}: ${tasks.abandoned.join(', ')}`] : []),
  ];
  const ends = endsOf(tasks);
  const level = left.length > 0 || tasks.cut > 0 || tasks.lost > 0 ? 'error' : 'log';
  if (left.length > 0)
    return [
      level,
      [`stopped after ${seconds(ms)}`, `abandoned, still running: ${left.join(', ')}`, ...ends].join('; '),
    ];
  if (stopped.length > 0)
    return [level, [`all workers stopped in ${seconds(ms)}: ${stopped.join(', ')}`, ...ends].join('; ')];
  return ends.length > 0 ? [level, `stopped in ${seconds(ms)}: ${ends.join('; ')}`] : undefined;
}
