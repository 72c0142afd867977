import { EventHub } from '../../lib/events/event-hub.js';
import { DoNotRestart, Escalate } from '../../lib/shared/errors.js';
import { Inside } from '../../lib/shared/inside.js';
import { SupervisedHandle } from '../../lib/supervision/handle.js';
import type { Policy } from '../../lib/supervision/machine/machine.js';
import { Stage } from '../../lib/supervision/stage.js';
import { Supervisor } from '../../lib/supervision/supervisor.js';
import { FakeClock, drain } from '../support/fake-clock.js';
import { FakeBody, FakeGate } from './fakes.js';
import type { Move } from './history.js';
import { Chain, fatalities, isTerminal, lawful, must } from './law.js';
import { COMPLETED, CRASH, failedBy } from './world.js';

/** A real supervisor with its handle on the fake clock, between fake gates and a fake body; checks what can be seen from outside. */
export class StagePlay {
  private readonly clock: FakeClock;
  private readonly body = new FakeBody();
  private readonly gates: readonly FakeGate[];
  private readonly supervisor: Supervisor;
  private readonly handle: SupervisedHandle;
  private readonly stage = new Stage();
  private readonly unsettled = new Set<string>();
  private calls = 0;
  private fatal = 0;
  private owed = 0;
  private failures = 0;
  private explicit = false;
  private readonly broken: unknown[] = [];

  constructor(
    private readonly policy: Policy,
    seed: number,
  ) {
    this.clock = new FakeClock({ seed });
    const { gates = [] } = policy;
    this.gates = gates.map((on) => new FakeGate(on, () => this.body.live !== undefined));
    const hub = new EventHub(this.clock, (error) => this.broken.push(error));
    this.supervisor = new Supervisor(policy, this.gates, this.body, {
      clock: this.clock,
      hub,
      onError: () => (this.failures += 1),
      onFatal: () => (this.fatal += 1),
    });
    this.handle = new SupervisedHandle(this.supervisor, this.stage, new Inside());
    this.stage.open();
    const chain = new Chain(this.handle.state);
    hub.on(['stateChanged'], ({ from, to }) => {
      chain.add(from, to);
      chain.endsAt(this.handle.state);
      lawful(from, to, this.explicit ? 'start' : 'timer', policy);
      this.owed += fatalities(from, to, policy);
    });
    hub.on(['incarnationFailed'], () => (this.failures -= 1));
  }

  async play({ op, by }: Move): Promise<void> {
    const { live } = this.body;
    const runs = live?.phase === 'running';
    this.explicit = op === 'start' || op === 'restart';
    const gate = this.gates.find((one) => one.isEntering);
    switch (op) {
      case 'start':
      case 'stop':
      case 'restart':
      case 'pause':
      case 'resume':
      case 'trigger':
        this.call(op);
        break;
      case 'shutdown':
        this.shutDown(by * 1_500);
        break;
      case 'disable':
      case 'abandon':
        this.supervisor.dispatch({ type: op });
        break;
      case 'complete':
        live?.settle(runs && live.asked.length === 0 ? COMPLETED : { type: 'aborted' });
        break;
      case 'crash':
        live?.settle(CRASH);
        break;
      case 'escalate':
      case 'doNotRestart':
        if (runs) live.settle(failedBy(op === 'escalate' ? new Escalate('over') : new DoNotRestart('enough')));
        break;
      case 'endWell':
      case 'endBadly':
        if (runs) live.end(op === 'endWell' ? COMPLETED : CRASH);
        break;
      case 'settleLate':
        if (live?.phase === 'ended') live.settle({ type: 'aborted' });
        break;
      case 'beat':
      case 'unitCompleted':
      case 'ready':
        this.body.last?.run.report({ type: op });
        break;
      case 'extendStop':
        this.body.last?.run.report({ type: op, ms: by * 3_000 });
        break;
      case 'gateWon':
        (gate ?? this.gates[0])?.win();
        break;
      case 'gateFailed':
        gate?.fail(new Error('gate'));
        break;
      case 'gateLost':
        this.gates[by < 0.5 ? 0 : 1]?.lose(by < 0.7 ? 'lease-lost' : 'hand-over');
        break;
      case 'time':
        await this.clock.advance(by * 500);
        break;
      case 'longTime':
        await this.clock.advance(by * 20_000);
    }
    await this.clock.advance(0);
    this.check();
  }

  /** Whatever came before: a shutdown ends in time, every promise settles, and nothing is left over. */
  async end(): Promise<void> {
    this.shutDown(this.policy.shutdownTimeout);
    await this.clock.advance(this.policy.shutdownTimeout);
    must(isTerminal(this.handle.state), 'a shutdown ends within its deadline', this.handle.state);
    this.body.live?.settle({ type: 'aborted' });
    for (const gate of this.gates) gate.win();
    await drain();
    this.check();
    for (const gate of this.gates) must(gate.out === 0, 'every pass is given back in the end');
    must(this.clock.pending === 0, 'no timer is left over', this.clock.pending);
    must(this.unsettled.size === 0, 'every promise of the handle settles', [...this.unsettled]);
  }

  private call(op: 'start' | 'stop' | 'restart' | 'pause' | 'resume' | 'trigger'): void {
    const id = `${op} ${this.calls++}`;
    this.unsettled.add(id);
    const settled = (): boolean => this.unsettled.delete(id);
    this.handle[op]().then(settled, settled);
  }

  private shutDown(ms: number): void {
    this.stage.close();
    this.supervisor.dispatch({ type: 'stop', reason: 'shutdown', deadline: this.clock.now() + ms });
  }

  private check(): void {
    const { state } = this.handle;
    if (this.broken.length > 0) throw this.broken[0];
    must(this.supervisor.machine.live === (this.body.live !== undefined), 'the machine knows the body', state);
    must(state.status !== 'stopping' || state.deadline > this.clock.now(), 'a stop ends in time', state);
    must(this.fatal === this.owed, 'fatal exactly when critical or Escalate', this.fatal, this.owed);
    must(this.failures === 0, 'each failure is one event and one onError', this.failures);
    if (state.status === 'running')
      must(
        this.gates.every((gate) => gate.isHeld),
        'it runs past all gates',
      );
    if (isTerminal(state) && !this.body.live)
      must(
        this.gates.every((gate) => !gate.isHeld && !gate.isEntering),
        'gates are left when terminal and dead',
      );
  }
}
