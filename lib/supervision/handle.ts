import { isAlive, type StopReport, type WorkerState } from '../contract/worker-state.js';
import { JOIN_OPTIONS, checkAll } from '../definition/check.js';
import { handled } from '../shared/deferred.js';
import type { Inside } from '../shared/inside.js';
import { selfJoin } from '../shared/self-join.js';
import type { Stage } from './stage.js';
import { notRunning, type Supervisor } from './supervisor.js';

/**
 * The control of one worker.
 *
 * @example
 * ```ts
 * async function runNow(handle: WorkerHandle) {
 *   if (!handle.isAlive) await handle.start();
 *   await handle.trigger();
 * }
 * ```
 */
export interface WorkerHandle {
  readonly name: string;
  readonly state: WorkerState;
  /** Waiting, running, paused or stopping. */
  readonly isAlive: boolean;
  /** Resolves once the state left idle, stopped or failed. Rejects with `BGW_SHUTTING_DOWN`. */
  start(): Promise<void>;
  /** Resolves once the body has settled, or was abandoned after `stopTimeout`. */
  stop(): Promise<StopReport>;
  /** Stops, and starts again at once. Rejects with `BGW_SHUTTING_DOWN`. */
  restart(): Promise<void>;
  /** Finishes the unit in flight and begins none. Rejects with `BGW_NOT_RUNNING`. */
  pause(): Promise<void>;
  /** Rejects with `BGW_NOT_RUNNING` where the worker is not alive. */
  resume(): Promise<void>;
  /**
   * A tick now, coalesced, never on top of another; settles with it. Wakes a loop out of `ctx.sleep` and resolves at once.
   * Rejects with `BGW_NOT_RUNNING`.
   */
  trigger(): Promise<void>;
  /**
   * true when it is no longer alive, false on time-out.
   * @param options `timeout` in milliseconds; default: none
   */
  join(options?: { timeout?: number }): Promise<boolean>;
}

/** Every promise of its own rejects with `BGW_SELF_JOIN` where the live body itself would wait for it. */
export class SupervisedHandle implements WorkerHandle {
  constructor(
    private readonly supervisor: Supervisor,
    private readonly stage: Stage,
    private readonly inside: Inside,
  ) {}

  get name(): string {
    return this.supervisor.policy.name;
  }

  get state(): WorkerState {
    return this.supervisor.state;
  }

  get isAlive(): boolean {
    return isAlive(this.state);
  }

  start(): Promise<void> {
    return this.stage.whenOpen(async () => {
      this.supervisor.dispatch({ type: 'start' });
      await this.supervisor.until(() => this.isAlive || this.stage.isClosing);
    });
  }

  stop(): Promise<StopReport> {
    const { supervisor } = this;
    const { clock } = supervisor.ports;
    const begun = clock.now();
    const { bodies } = supervisor;
    supervisor.dispatch({ type: 'stop', reason: 'requested' });
    return this.joined('stop', async () => {
      await supervisor.until(() => this.state.status !== 'stopping');
      const abandoned = supervisor.machine.live && supervisor.bodies === bodies;
      const names = [this.name];
      return { stopped: abandoned ? [] : names, abandoned: abandoned ? names : [], ms: clock.now() - begun };
    });
  }

  restart(): Promise<void> {
    return this.stage.whenOpen(() => {
      this.supervisor.dispatch({ type: 'restart' });
      return this.joined('restart', () => this.supervisor.until(() => this.state.status !== 'stopping'));
    });
  }

  pause(): Promise<void> {
    if (!this.isAlive) return Promise.reject(notRunning(this.supervisor));
    this.supervisor.dispatch({ type: 'pause' });
    return this.joined('pause', async () => {
      await this.supervisor.until(() => this.state.status !== 'stopping');
      if (!this.isAlive) throw notRunning(this.supervisor);
    });
  }

  resume(): Promise<void> {
    if (!this.isAlive) return Promise.reject(notRunning(this.supervisor));
    this.supervisor.dispatch({ type: 'resume' });
    return Promise.resolve();
  }

  trigger(): Promise<void> {
    return this.stage.whenOpen(() => {
      const { supervisor, state } = this;
      if (state.status === 'idle' && supervisor.policy.autoStart) return handled(this.triggerOnceStarted());
      if (!takesTriggers(state)) return Promise.reject(notRunning(supervisor));
      if (supervisor.policy.kind.type === 'loop') {
        supervisor.dispatch({ type: 'trigger' });
        return Promise.resolve();
      }
      const tick = supervisor.nextTick();
      supervisor.dispatch({ type: 'trigger' });
      return this.joined('trigger', () => tick);
    });
  }

  /** Its phase has not begun. */
  private async triggerOnceStarted(): Promise<void> {
    await this.supervisor.until(() => this.state.status !== 'idle');
    await this.trigger();
  }

  join(options: { timeout?: number } = {}): Promise<boolean> {
    checkAll(`${this.name}: join()`, options, JOIN_OPTIONS);
    const { timeout = Infinity } = options;
    return this.joined('join', () => this.supervisor.within(timeout, () => !this.isAlive));
  }

  /** Waits, but for a body that would wait for itself. */
  private joined<T>(what: string, wait: () => Promise<T>): Promise<T> {
    const { machine, definition } = this.supervisor;
    if (!machine.live) return wait();
    if (this.inside.of(definition)) return selfJoin(this.name, what, 'body');
    return this.inside.isBlindTo(definition) ? wait().finally(() => this.doubt(what)) : wait();
  }

  /** The wait has ended, maybe with the body given up because of it. */
  private doubt(what: string): void {
    const { state } = this;
    if (state.status === 'stopped' && state.abandoned)
      this.supervisor.ports.hub.note({ type: 'mayHaveWaitedForItself', worker: this.name, call: what });
  }
}

const GOES_ON: Readonly<Record<Extract<WorkerState, { status: 'stopping' }>['then'], boolean>> = {
  restart: true,
  wait: true,
  stop: false,
  fail: false,
  pause: false,
};

function takesTriggers(state: WorkerState): boolean {
  switch (state.status) {
    case 'waiting':
    case 'running':
      return true;
    case 'stopping':
      return GOES_ON[state.then];
    case 'idle':
    case 'paused':
    case 'stopped':
    case 'failed':
      return false;
    default:
      return state satisfies never;
  }
}
