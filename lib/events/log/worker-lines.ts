import type { Logger } from '@nestjs/common';
import type { WaitingOn, WorkerState } from '../../contract/worker-state.js';
import type { Clock } from '../../shared/clock.js';
import { messageOf, stackOf } from '../../shared/errors.js';
import type { EventHub, EventOf } from '../event-hub.js';
import { Streaks } from './streaks.js';
import { seconds } from './words.js';

/** Lines about workers: one a state change, ticks at `verbose`, repeated failures summed up once a minute. */
export class WorkerLines {
  private readonly streaks: Streaks;

  constructor(
    private readonly logger: Logger,
    clock: Clock,
  ) {
    this.streaks = new Streaks(clock);
  }

  listen(hub: EventHub): void {
    hub.on(['stateChanged'], (event) => this.stateChanged(event));
    hub.on(['incarnationFailed'], (event) => this.failed(event));
    hub.on(['failedWhileStopping'], ({ worker, error }) =>
      this.logger.warn(`${worker} failed while it stopped: ${messageOf(error)}`),
    );
    hub.on(['stalled'], ({ worker, sinceMs }) =>
      this.logger.error(`${worker} stalled: no heartbeat for ${seconds(sinceMs)}`),
    );
    hub.on(['overdue'], ({ worker, sinceMs }) =>
      this.logger.warn(`${worker} is overdue: its run takes ${seconds(sinceMs)} already`),
    );
    hub.on(['abandoned'], ({ worker }) => this.logger.error(`${worker} did not stop in time and was abandoned`));
    hub.on(['lateSettlement'], ({ worker }) => this.logger.warn(`${worker}: its last body has settled at last`));
  }

  private stateChanged({ worker, from, to }: EventOf<'stateChanged'>): void {
    if (nameOf(from) === nameOf(to) || (to.status === 'stopped' && to.abandoned)) return;
    const level = levelOf(from, to);
    if (level) this.logger[level](`${worker} ${describe(to)}`);
    if (to.failures === 0) this.streaks.end(worker ?? '');
  }

  private failed({ worker = '', error, retryIn }: EventOf<'incarnationFailed'>): void {
    const times = this.streaks.note(worker);
    if (times === undefined) return;
    const next = retryIn === undefined ? '' : `, next try in ${seconds(retryIn)}`;
    this.logger.error(`${worker} failed${times}${next}: ${messageOf(error)}`, stackOf(error));
  }
}

const nameOf = (state: WorkerState): string =>
  state.status === 'waiting' ? `waiting ${state.on} ${state.detail ?? ''}` : state.status;

/** The guard has lines of its own. */
const isAtGuard = (state: WorkerState): boolean => state.status === 'waiting' && state.on === 'guard';

const isTicking = (state: WorkerState): boolean =>
  state.status === 'running' || (state.status === 'waiting' && (state.on === 'schedule' || state.on === 'backoff'));

function levelOf(from: WorkerState, to: WorkerState): 'verbose' | 'log' | 'error' | undefined {
  if ((isTicking(from) && isTicking(to)) || isAtGuard(to)) return 'verbose';
  switch (to.status) {
    case 'failed':
      return 'error';
    case 'waiting':
      return to.on === 'backoff' ? undefined : 'log';
    case 'idle':
    case 'running':
    case 'paused':
    case 'stopping':
    case 'stopped':
      return 'log';
    default:
      return to satisfies never;
  }
}

const WAITED_FOR: Readonly<Record<WaitingOn, string>> = {
  guard: 'the guard',
  lease: 'the lease',
  backoff: 'the backoff',
  schedule: 'its next run',
  body: 'its last body to settle',
};

function describe(state: WorkerState): string {
  switch (state.status) {
    case 'waiting':
      return `waits for ${WAITED_FOR[state.on]}${state.detail === undefined ? '' : `: ${state.detail}`}`;
    case 'running':
      return `is running${state.incarnation > 1 ? ` (incarnation ${state.incarnation})` : ''}`;
    case 'stopping':
      return `is stopping${state.then === 'stop' ? '' : `, then: ${state.then}`}`;
    case 'stopped':
      return state.reason === 'requested' || state.reason === 'shutdown' ? 'stopped' : `stopped: ${state.reason}`;
    case 'failed':
      return `failed for good: ${messageOf(state.error)}`;
    case 'idle':
    case 'paused':
      return `is ${state.status}`;
    default:
      return state satisfies never;
  }
}
