import type { WorkerState } from '../../lib/contract/worker-state.js';
import { DoNotRestart, Escalate } from '../../lib/shared/errors.js';
import {
  newMachine,
  timersOf,
  type Effect,
  type Machine,
  type MachineInput,
  type Policy,
  type TimerName,
} from '../../lib/supervision/machine/machine.js';
import type { Outcome } from '../../lib/supervision/ports.js';
import { transition } from '../../lib/supervision/machine/transition.js';
import type { Move, Op } from './history.js';
import { Chain, fatalities, fullWait, isTerminal, lawful, must } from './law.js';

export const COMPLETED: Outcome = { type: 'completed' };
export const failedBy = (error: unknown): Outcome => ({ type: 'failed', error });
export const CRASH = failedBy(new Error('crash'));

/** What `transition` is given it must not change. */
const freeze = (machine: Machine): Machine => {
  for (const part of [machine, machine.state, machine.after, machine.stopping, machine.slot]) Object.freeze(part);
  return machine;
};

/** Bodies, gates and timers as plain values around the pure `transition`; checks the laws at each step. */
export class World {
  machine: Machine = newMachine;
  now = 1_000_000;
  private body: 'none' | 'running' | 'ended' = 'none';
  private held = 0;
  private entering = false;
  private lost = false;
  private closing = false;
  private cap = Infinity;
  private extended = false;
  private readonly chain = new Chain(newMachine.state);

  constructor(private readonly policy: Policy) {}

  play({ op, by }: Move): void {
    const input = this.inputOf(op, by);
    if (input) this.send(input, by);
    if (op === 'time') this.pass(by * 500, by);
    if (op === 'longTime') this.pass(by * 100_000, by);
  }

  /** Whatever came before: a shutdown ends in time, and once the body settles everything is given back. */
  end(): void {
    const deadline = this.now + this.policy.shutdownTimeout;
    this.closing = true;
    this.send({ type: 'stop', reason: 'shutdown', deadline }, 0);
    this.pass(this.policy.shutdownTimeout, 0);
    must(isTerminal(this.machine.state), 'a shutdown ends within its deadline', this.machine.state);
    if (this.body !== 'none') this.send({ type: 'settled', outcome: COMPLETED }, 0);
    must(this.held === 0 && !this.entering, 'gates are left in the end', this.held);
    must(
      Object.values(timersOf(this.machine, this.policy)).every((at) => at === undefined),
      'no timer stays armed',
    );
  }

  private inputOf(op: Op, by: number): MachineInput | undefined {
    const runs = this.body === 'running';
    const lives = this.body !== 'none';
    switch (op) {
      case 'time':
      case 'longTime':
        return undefined;
      case 'start':
      case 'restart':
        return this.closing ? undefined : { type: op };
      case 'stop':
        return { type: 'stop', reason: 'requested' };
      case 'shutdown':
        this.closing = true;
        return { type: 'stop', reason: 'shutdown', deadline: this.now + by * 1_500 };
      case 'complete':
        return lives ? { type: 'settled', outcome: runs ? COMPLETED : { type: 'aborted' } } : undefined;
      case 'crash':
        return lives ? { type: 'settled', outcome: CRASH } : undefined;
      case 'escalate':
        return runs ? { type: 'settled', outcome: failedBy(new Escalate('over')) } : undefined;
      case 'doNotRestart':
        return runs ? { type: 'settled', outcome: failedBy(new DoNotRestart('enough')) } : undefined;
      case 'endWell':
      case 'endBadly':
        return runs ? { type: 'ended', outcome: op === 'endWell' ? COMPLETED : CRASH } : undefined;
      case 'settleLate':
        return this.body === 'ended' ? { type: 'settled', outcome: { type: 'aborted' } } : undefined;
      case 'beat':
      case 'unitCompleted':
      case 'ready':
        return lives ? { type: op } : undefined;
      case 'extendStop':
        return lives ? { type: op, ms: by * 3_000 } : undefined;
      case 'gateWon':
        return this.entering ? { type: op } : undefined;
      case 'gateFailed':
        return this.entering ? { type: op, error: new Error('gate') } : undefined;
      case 'gateLost':
        return this.held > 0 && !this.lost ? { type: op, why: by < 0.5 ? 'lease-lost' : 'hand-over' } : undefined;
      default:
        return { type: op };
    }
  }

  private pass(ms: number, draw: number): void {
    const target = this.now + ms;
    for (let turns = 0; ; turns++) {
      must(turns < 1_000, 'timers come to rest', this.machine);
      const [timer, at] = this.firstTimer();
      if (at > target) break;
      this.now = Math.max(this.now, at);
      this.send({ type: 'timer', timer }, draw);
    }
    this.now = target;
    const { state } = this.machine;
    must(state.status !== 'stopping' || state.deadline > this.now, 'a stop ends within its deadline', state);
  }

  private firstTimer(): readonly [TimerName, number] {
    let first: readonly [TimerName, number] = ['backoff', Infinity];
    for (const [name, at] of Object.entries(timersOf(this.machine, this.policy)))
      if (at !== undefined && at < first[1]) first = [name as TimerName, at];
    return first;
  }

  private send(input: MachineInput, draw: number): void {
    const { state: from } = this.machine;
    if (input.type === 'ended') this.body = 'ended';
    if (input.type === 'settled') this.body = 'none';
    if (input.type === 'gateLost') this.lost = true;
    if (input.type === 'gateWon') {
      this.held += 1;
      this.entering = false;
    }
    if (input.type === 'gateFailed') this.entering = false;
    const { machine, effects } = transition(
      this.machine,
      { now: this.now, wall: this.now, draw, ...input },
      this.policy,
    );
    this.machine = freeze(machine);
    for (const effect of effects) this.perform(effect);
    this.chain.endsAt(machine.state);
    lawful(from, machine.state, input.type, this.policy);
    this.checkStop(input, from, machine.state);
    this.checkFailure(effects, from, machine.state);
    if (input.type === 'timer' && input.timer === 'backoff')
      must(from.status === 'waiting' && (from.until ?? Infinity) <= this.now, 'a backoff is waited for', from);
    must(machine.live === (this.body !== 'none'), 'the machine knows whether a body lives', machine);
    if (isTerminal(machine.state) && !machine.live)
      must(this.held === 0 && !this.entering, 'gates are left when terminal and dead', machine);
  }

  private perform(effect: Effect): void {
    const dead = this.body === 'none';
    switch (effect.type) {
      case 'run':
        must(dead, 'at most one live body', this.machine);
        must(this.held === (this.policy.gates ?? []).length && !this.lost, 'a body runs past all its gates', this.held);
        this.body = 'running';
        return;
      case 'enter':
        must(dead && !this.entering && effect.gate === this.held, 'gates are entered one by one', effect, this.held);
        this.entering = true;
        return;
      case 'leave':
        must(dead, 'gates are not left while a body lives', this.machine);
        [this.held, this.entering, this.lost] = [0, false, false];
        return;
      case 'ask':
      case 'cancel':
      case 'wake':
      case 'abandon':
        return must(!dead, `only a live body is told to ${effect.type}`, this.machine);
      case 'report':
        if (effect.event.type === 'stateChanged') this.chain.add(effect.event.from, effect.event.to);
        return;
      case 'fail':
      case 'fatal':
        return; // judged by checkFailure
    }
  }

  private checkStop(input: MachineInput, from: WorkerState, to: WorkerState): void {
    if (to.status !== 'stopping') return;
    if (from.status !== 'stopping') {
      this.cap = this.now + this.policy.shutdownTimeout;
      this.extended = false;
    }
    if (input.type === 'stop') this.cap = Math.min(this.cap, input.deadline ?? Infinity);
    if (input.type === 'extendStop') this.extended = true;
    must(to.deadline <= Math.max(this.cap, this.now), 'a stop deadline never lies beyond its cap', to, this.cap);
    if (!this.extended) must(to.deadline <= to.since + this.policy.stopTimeout, 'a stop takes stopTimeout at most', to);
    if (from.status === 'stopping' && input.type !== 'extendStop')
      must(to.deadline <= from.deadline && to.since === from.since, 'only extendStop extends', from, to);
  }

  private checkFailure(effects: readonly Effect[], from: WorkerState, to: WorkerState): void {
    const fails = effects.filter((effect) => effect.type === 'fail');
    const fatal = effects.filter((effect) => effect.type === 'fatal').length;
    must(fatal === fatalities(from, to, this.policy), 'fatal exactly when critical or Escalate', from, to);
    const [fail] = fails;
    if (!fail) return must(to.failures === from.failures || to.failures === 0, 'failures are counted', from, to);
    must(fails.length === 1 && to.failures === from.failures + 1, 'a failure is counted once', from, to);
    if (to.failures >= this.policy.maxFailures) {
      const ends = isTerminal(to) || this.machine.after?.type === 'fail' || this.machine.after?.type === 'stop';
      must(ends && fail.retryIn === undefined, 'maxFailures ends it', this.machine);
    }
    const backsOff = this.machine.after?.type === 'backoff' || (to.status === 'waiting' && to.on === 'backoff');
    if (!backsOff) return;
    const full = fullWait(this.policy, to.failures);
    const wait = fail.retryIn ?? -1;
    const least = full * (1 - this.policy.backoff.jitter);
    must(wait >= least && wait <= full, 'a wait lies within the bounds of the backoff', wait, least, full);
    const until =
      this.machine.after?.type === 'backoff' ? this.machine.after.until : 'until' in to ? to.until : undefined;
    must(until === this.now + wait, 'the wait told is the wait taken', to);
  }
}
