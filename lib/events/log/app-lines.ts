import type { Logger } from '@nestjs/common';
import { messageOf, stackOf } from '../../shared/errors.js';
import type { EventHub } from '../event-hub.js';
import type { NoticeOf, NoticeType } from '../notices.js';
import { lateLine, stopLine } from './stop-lines.js';
import { countOf, seconds } from './words.js';

type Level = 'log' | 'error' | 'warn' | 'debug';
type Line = readonly [level: Level, line: string, stack?: string];

const LINES: { readonly [T in NoticeType]: (notice: NoticeOf<T>) => Line | undefined } = {
  callbackThrew: ({ what, error }) => ['error', what, stackOf(error)],
  skipped: ({ what }) => ['debug', what],
  loadedLazily: ({ what }) => ['warn', what],
  unusable: ({ error }) => ['warn', messageOf(error)],
  unnamedHandlers: ({ handlers }) => [
    'warn',
    `task handlers without a \`name\` of their own: ${handlers.join(', ')}; renaming the class or method would orphan tasks that wait`,
  ],
  notStarted: ({ workers, because, hint }) => [
    'log',
    `not started here, by ${because}: ${workers.join(', ')}${hint === undefined ? '' : `; ${hint}`}`,
  ],
  deafToSignals: ({ isProduction }) => [
    isProduction ? 'error' : 'warn',
    'nothing listens for SIGTERM: call app.enableShutdownHooks(), or work is cut in the middle when the process is told to stop',
  ],
  fatal: ({ worker, error }) => ['error', `${worker} failed for good: the app shuts down`, stackOf(error)],
  mayHaveWaitedForItself: ({ worker, call }) => [
    'warn',
    `${worker} may have waited for itself: ${call}() was called while its body ran`,
  ],
  tasksAreInMemory: () => [
    'warn',
    'dispatched tasks are in memory: what waits when this process dies is lost; configure a `transport` for tasks that must not be',
  ],
  lostBeforeBoot: ({ task, name }) => [
    'error',
    `task ${name} (${task}) was lost: the app shut down before it had booted`,
  ],
  transportFailed: ({ what, error }) => ['error', `the task transport could not ${what}`, stackOf(error)],
  transportIsLate: ({ transport, what }) => [
    'error',
    `the task transport ${transport} did not ${what} in time: it is left behind`,
  ],
  tasksDrain: ({ count, tasks, cutIn }) => [
    'log',
    `waiting for ${countOf(count)}, to be cut in ${seconds(cutIn)}: ${tasks}`,
  ],
  drainGaveUp: ({ tasks, waited }) => [
    'warn',
    `drain() has waited ${waited === Infinity ? 'until the app stopped' : `${waited} ms`}; abandoned, not finished: ${tasks}`,
  ],
  stopped: (notice) => stopLine(notice),
  lateTasksEnded: ({ tasks }) => lateLine(tasks),
  guardSaid: ({ level, line }) => [level, line],
  over: () => undefined,
};

/** Lines about the app: what was found, what does not run here, and its end. */
export function listenToNotices(hub: EventHub, logger: Logger): void {
  const listenTo = <T extends NoticeType>(type: T): unknown =>
    hub.onNotice(type, (notice) => {
      const [level, line, ...stack] = LINES[type](notice) ?? [];
      if (level) logger[level](line, ...stack);
    });
  for (const type of Object.keys(LINES)) listenTo(type as NoticeType);
}
