import { isAlive, type WorkerState } from '../contract/worker-state.js';
import type { WorkerDefinition } from '../definition/definition.js';
import type { EventHub } from '../events/event-hub.js';
import { Alarm, type Timetable } from '../shared/alarm.js';
import type { Clock } from '../shared/clock.js';
import { BackgroundWorkerError, WorkerAborted } from '../shared/errors.js';
import { Awaitable } from './awaitable.js';
import { Entrance } from './entrance.js';
import {
  LIMITS,
  newMachine,
  timersOf,
  type Effect,
  type Machine,
  type MachineInput,
  type Policy,
  type TimerName,
} from './machine/machine.js';
import { policyOf } from './policy.js';
import type { Body, BodySignal, Gate, LiveBody, Outcome, Part } from './ports.js';
import { transition } from './machine/transition.js';
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

/** Interprets the effects of `transition` for one supervised unit, a worker or one part of it: the one place of supervision where anything happens. */
export class Supervisor extends Awaitable {
  private current: Machine = newMachine;
  /** What waits its turn while an event is taken. */
  private mailbox: MachineInput[] | undefined = undefined;
  private readonly alarm: Alarm<TimerName>;
  private readonly entrance: Entrance | undefined;
  private triggers: TriggerQueue | undefined = undefined;
  private live: LiveBody | undefined = undefined;
  private failedWithin: Extract<Outcome, { type: 'failed' }>['within'] = undefined;
  /** How many bodies there were. */
  bodies = 0;
  readonly policy: Policy;

  constructor(
    readonly definition: WorkerDefinition,
    gates: readonly Gate[],
    private readonly body: Body,
    readonly ports: SupervisorPorts,
    readonly part?: Part,
  ) {
    super(ports.clock);
    this.policy = policyOf(definition, gates, part);
    this.alarm = new Alarm(ports.clock, LIMITS, this);
    this.entrance = gates.length > 0 ? new Entrance(gates, (input) => this.dispatch(input)) : undefined;
  }

  get machine(): Machine {
    return this.current;
  }

  get state(): WorkerState {
    return this.current.state;
  }

  get timetable(): Timetable<TimerName> {
    return timersOf(this.current, this.policy);
  }

  /** Events are taken one after another; what an effect sets off waits its turn. */
  dispatch(input: MachineInput): void {
    if (this.mailbox) {
      this.mailbox.push(input);
      return;
    }
    const mailbox = (this.mailbox = [input]);
    try {
      for (let next = mailbox.shift(); next; next = mailbox.shift()) this.take(next);
    } finally {
      this.mailbox = undefined;
    }
    this.changed();
  }

  ring(timer: TimerName): void {
    this.dispatch({ type: 'timer', timer });
  }

  /** Settles with the next tick. */
  nextTick(): Promise<void> {
    return (this.triggers ??= new TriggerQueue()).add();
  }

  private take(input: MachineInput): void {
    const { clock } = this.ports;
    if (input.type === 'ended' || input.type === 'settled') this.closing(input.outcome);
    const event = { now: clock.now(), wall: clock.wall(), draw: clock.random(), ...input };
    const { machine, effects } = transition(this.current, event, this.policy);
    this.current = machine;
    if (input.type === 'settled') this.live = undefined;
    for (const effect of effects) this.perform(effect);
    this.alarm.sync();
    const { state } = machine;
    if (state.status === 'paused' || !isAlive(state)) this.triggers?.drop(notRunning(this));
  }

  private closing(outcome: Outcome): void {
    this.failedWithin = outcome.type === 'failed' && this.state.status === 'running' ? outcome.within : undefined;
    if (outcome.type !== 'aborted') this.triggers?.settle(outcome);
    else this.triggers?.settle({ type: 'failed', error: new WorkerAborted('stop', this.policy.name) });
  }

  private perform(effect: Effect): void {
    const { name } = this.policy;
    switch (effect.type) {
      case 'run':
        return this.run(effect.incarnation, effect.scheduledAt);
      case 'ask':
        return this.live?.ask(new WorkerAborted(effect.why, name, effect.deadline));
      case 'cancel':
        return this.live?.cancel(new WorkerAborted(effect.why, name));
      case 'wake':
        return this.live?.wake();
      case 'abandon':
        return this.live?.abandon?.();
      case 'enter':
        return this.entrance?.enter(effect.gate);
      case 'leave':
        return this.entrance?.leave();
      case 'report':
        return this.ports.hub.emit({ worker: name }, effect.event);
      case 'fatal':
        return this.ports.onFatal(name, effect.error);
      case 'fail':
        return this.failed(effect.error, effect.retryIn);
      default:
        return effect satisfies never;
    }
  }

  private run(incarnation: number, scheduledAt: number): void {
    const number = ++this.bodies;
    this.triggers?.begin();
    const report = (signal: BodySignal): void => {
      if (number === this.bodies && !this.isIdle(signal)) this.dispatch(signal);
    };
    this.live = this.body.start({
      incarnation,
      scheduledAt,
      lease: this.entrance?.lease,
      shard: this.part,
      report,
    });
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
