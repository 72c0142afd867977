import type { WorkerState } from '../contract/worker-state.js';
import type { EventHub } from '../events/event-hub.js';
import { Alarms } from '../shared/alarms.js';
import type { Clock } from '../shared/clock.js';
import { BackgroundWorkerError, WorkerAborted } from '../shared/errors.js';
import { Gatekeeper } from './gatekeeper.js';
import {
  LIMITS,
  newMachine,
  timersOf,
  type Effect,
  type Machine,
  type MachineInput,
  type Policy,
  type TimerName,
} from './machine.js';
import type { Body, BodySignal, Gate, LiveBody, Outcome } from './ports.js';
import { transition } from './transition.js';
import { TriggerQueue } from './trigger-queue.js';

export interface FailureReport {
  readonly error: unknown;
  readonly incarnation: number;
  readonly retryIn?: number;
}

/** What a supervisor needs of its app. */
export interface SupervisorPorts {
  readonly clock: Clock;
  readonly hub: EventHub;
  /** Must not throw. */
  onError(worker: string, failure: FailureReport): void;
  onFatal(worker: string, error: unknown): void;
}

const NOBODY: ReadonlySet<() => void> = new Set();

/** Interprets the effects of `transition` for one worker: the one place of supervision where anything happens. */
export class Supervisor {
  private current: Machine = newMachine;
  private readonly mailbox: MachineInput[] = [];
  private busy = false;
  private readonly alarms: Alarms<TimerName>;
  private watchers: ReadonlySet<() => void> = NOBODY;
  private readonly gatekeeper: Gatekeeper | undefined;
  private triggers: TriggerQueue | undefined = undefined;
  private live: LiveBody | undefined = undefined;
  private failedWithin: Extract<Outcome, { as: 'failed' }>['within'] = undefined;
  /** How many bodies there were. */
  bodies = 0;

  constructor(
    readonly policy: Policy,
    gates: readonly Gate[],
    private readonly body: Body,
    readonly ports: SupervisorPorts,
  ) {
    this.alarms = new Alarms(ports.clock, LIMITS, (timer) => this.dispatch({ type: 'timer', timer }));
    this.gatekeeper = gates.length > 0 ? new Gatekeeper(gates, (input) => this.dispatch(input)) : undefined;
  }

  get machine(): Machine {
    return this.current;
  }

  get state(): WorkerState {
    return this.current.state;
  }

  /** Events are taken one after another; what an effect sets off waits its turn. */
  dispatch(input: MachineInput): void {
    this.mailbox.push(input);
    if (this.busy) return;
    this.busy = true;
    try {
      for (let next = this.mailbox.shift(); next; next = this.mailbox.shift()) this.take(next);
    } finally {
      this.busy = false;
    }
    for (const watcher of this.watchers) watcher();
  }

  /** Resolves once `reached` holds. */
  async until(reached: () => boolean): Promise<void> {
    await this.within(Infinity, reached);
  }

  /** @returns whether `reached` held within `ms` */
  within(ms: number, reached: () => boolean): Promise<boolean> {
    if (reached()) return Promise.resolve(true);
    return new Promise((resolve) => {
      const settle = (is: boolean): void => {
        end();
        timer?.cancel();
        resolve(is);
      };
      const end = this.watch(() => (reached() ? settle(true) : undefined));
      const timer = ms === Infinity ? undefined : this.ports.clock.after(ms, () => settle(false));
    });
  }

  /** @returns the end of the watch */
  private watch(watcher: () => void): () => void {
    this.watchers = new Set([...this.watchers, watcher]);
    return () => (this.watchers = new Set([...this.watchers].filter((one) => one !== watcher)));
  }

  /** Settles with the next tick. */
  nextTick(): Promise<void> {
    return (this.triggers ??= new TriggerQueue()).add();
  }

  private take(input: MachineInput): void {
    const { clock } = this.ports;
    if (input.type === 'ended' || input.type === 'settled') this.closing(input.outcome);
    const event = { now: clock.now(), draw: clock.random(), ...input };
    const { machine, effects } = transition(this.current, event, this.policy);
    this.current = machine;
    if (input.type === 'settled') this.live = undefined;
    for (const effect of effects) this.perform(effect);
    this.alarms.sync(timersOf(machine, this.policy));
    const { status } = machine.state;
    if (status === 'stopped' || status === 'failed' || status === 'paused') this.triggers?.drop(notRunning(this));
  }

  private closing(outcome: Outcome): void {
    this.failedWithin = outcome.as === 'failed' && this.state.status === 'running' ? outcome.within : undefined;
    if (outcome.as !== 'aborted') this.triggers?.settle(outcome);
    else this.triggers?.settle({ as: 'failed', error: new WorkerAborted('stop', this.policy.name) });
  }

  private perform(effect: Effect): void {
    const { name } = this.policy;
    switch (effect.do) {
      case 'run':
        return this.run(effect.incarnation, effect.scheduledAt);
      case 'ask':
        return this.live?.ask(new WorkerAborted(effect.why, name, effect.deadline));
      case 'cancel':
        return this.live?.cancel(new WorkerAborted(effect.why, name));
      case 'wake':
        return this.live?.wake();
      case 'enter':
        return this.gatekeeper?.enter(effect.gate);
      case 'leave':
        return this.gatekeeper?.leave();
      case 'report':
        return this.ports.hub.emit({ worker: name }, effect.event);
      case 'fatal':
        return this.ports.onFatal(name, effect.error);
      case 'fail':
        return this.failed(effect.error, effect.retryIn);
    }
  }

  private run(incarnation: number, scheduledAt: number): void {
    const number = ++this.bodies;
    this.triggers?.begin();
    const report = (signal: BodySignal): void => {
      if (number === this.bodies && !this.isIdle(signal)) this.dispatch(signal);
    };
    this.live = this.body.start({ incarnation, scheduledAt, report });
  }

  /** A finished unit that changes nothing: no event is worth it. */
  private isIdle({ type }: BodySignal): boolean {
    return type === 'unitCompleted' && this.state.failures === 0 && this.policy.heartbeatTimeout === undefined;
  }

  private failed(error: unknown, retryIn: number | undefined): void {
    const { failedWithin = (fn) => fn() } = this;
    this.failedWithin = undefined;
    this.ports.hub.emit({ worker: this.policy.name }, { type: 'incarnationFailed', error, retryIn });
    failedWithin(() => this.ports.onError(this.policy.name, { error, incarnation: this.state.incarnation, retryIn }));
  }
}

export const notRunning = ({ policy, state }: Supervisor): BackgroundWorkerError =>
  new BackgroundWorkerError('BGW_NOT_RUNNING', `${policy.name} is ${state.status}`);
