import type { WorkerState } from '../contract/worker-state.js';
import type { EventHub } from '../events/event-hub.js';
import type { Clock, Timer } from '../shared/clock.js';
import { BackgroundWorkerError, WorkerAborted, isAbortBy } from '../shared/errors.js';
import { Gatekeeper } from './gatekeeper.js';
import {
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

const LIMITS: readonly TimerName[] = ['heartbeat', 'ready', 'overdue', 'grace', 'deadline'];

/** Interprets the effects of `transition` for one worker: the one place of supervision where anything happens. */
export class Supervisor {
  private current: Machine = newMachine;
  private readonly mailbox: MachineInput[] = [];
  private busy = false;
  private readonly timers = new Map<TimerName, { readonly timer: Timer; readonly at: number }>();
  private readonly watchers = new Set<() => void>();
  private readonly gatekeeper: Gatekeeper;
  private readonly triggers = new TriggerQueue();
  private live: LiveBody | undefined;
  private within: Extract<Outcome, { as: 'failed' }>['within'];
  /** Counts the bodies: tells one from the next. */
  bodies = 0;

  constructor(
    readonly policy: Policy,
    gates: readonly Gate[],
    private readonly body: Body,
    private readonly ports: SupervisorPorts,
  ) {
    this.gatekeeper = new Gatekeeper(gates, (input) => this.dispatch(input));
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
    for (let next = this.mailbox.shift(); next; next = this.mailbox.shift()) this.take(next);
    this.busy = false;
    for (const watcher of [...this.watchers]) watcher();
  }

  /** Resolves once `reached` holds. */
  until(reached: () => boolean): Promise<void> {
    if (reached()) return Promise.resolve();
    return new Promise((resolve) => {
      const end = this.watch(() => {
        if (!reached()) return;
        end();
        resolve();
      });
    });
  }

  /** @returns the end of the watch; called after every event */
  watch(watcher: () => void): () => void {
    this.watchers.add(watcher);
    return () => this.watchers.delete(watcher);
  }

  /** Settles with the next tick. */
  nextTick(): Promise<void> {
    return this.triggers.add();
  }

  private take(input: MachineInput): void {
    const { clock } = this.ports;
    if (input.type === 'ended' || input.type === 'settled') this.closing(input.outcome);
    const { machine, effects } = transition(
      this.current,
      { now: clock.now(), draw: clock.random(), ...input },
      this.policy,
    );
    this.current = machine;
    if (input.type === 'settled') this.live = undefined;
    for (const effect of effects) this.perform(effect);
    this.syncTimers();
    const { status } = machine.state;
    if (status === 'stopped' || status === 'failed' || status === 'paused') this.triggers.drop(this.notRunning());
  }

  private closing(outcome: Outcome): void {
    if (outcome.as !== 'failed')
      this.triggers.settle(outcome.as === 'completed' ? undefined : new WorkerAborted('stop', this.policy.name));
    else {
      this.within = outcome.within;
      this.triggers.settle(outcome.error);
    }
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
        return this.gatekeeper.enter(effect.gate);
      case 'leave':
        return this.gatekeeper.leave();
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
    this.triggers.begin();
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
    const { within = (fn) => fn() } = this;
    this.within = undefined;
    this.ports.hub.emit({ worker: this.policy.name }, { type: 'incarnationFailed', error, retryIn });
    within(() => this.ports.onError(this.policy.name, { error, incarnation: this.state.incarnation, retryIn }));
  }

  private notRunning(): BackgroundWorkerError {
    return new BackgroundWorkerError('BGW_NOT_RUNNING', `${this.policy.name} is ${this.state.status}`);
  }

  /** Timers are a function of the machine; one that moved later stays armed and looks again when it fires. */
  private syncTimers(): void {
    const wanted = timersOf(this.current, this.policy);
    for (const [name, { timer }] of this.timers) {
      if (wanted[name] !== undefined) continue;
      timer.cancel();
      this.timers.delete(name);
    }
    for (const [name, at] of Object.entries(wanted) as [TimerName, number | undefined][]) {
      if (at !== undefined) this.arm(name, at);
    }
  }

  private arm(name: TimerName, at: number): void {
    const armed = this.timers.get(name);
    if (armed && armed.at <= at) return;
    armed?.timer.cancel();
    const { clock } = this.ports;
    const timer = clock.after(at - clock.now(), () => this.fired(name, at), { limit: LIMITS.includes(name) });
    this.timers.set(name, { timer, at });
  }

  private fired(name: TimerName, armedAt: number): void {
    this.timers.delete(name);
    const at = timersOf(this.current, this.policy)[name];
    if (at === undefined) return;
    if (at > armedAt) this.arm(name, at);
    else this.dispatch({ type: 'timer', timer: name });
  }
}
