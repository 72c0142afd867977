import type { GateKeeper, Part, UnitId } from 'nestjs-background-worker/adapter';
import { describe, expect, it } from 'vitest';
import { defineWorker } from '../../lib/definition/definition.js';
import { EventHub } from '../../lib/events/event-hub.js';
import type { WorkerHandle } from '../../lib/supervision/handle.js';
import { Keepers } from '../../lib/supervision/keepers.js';
import { makeUnits } from '../../lib/supervision/make-units.js';
import { startPhases, stopPhases } from '../../lib/supervision/phases.js';
import { Registry, RegistryEntry, type Units } from '../../lib/supervision/registry.js';
import { Supervisor, type SupervisorPorts } from '../../lib/supervision/supervisor.js';
import { FakeBody, FakeGate } from '../model/fakes.js';
import { FakeClock } from '../support/fake-clock.js';
import { loop } from './rig.js';

const clock = new FakeClock();
const hub = new EventHub(clock, () => undefined);
const ports: SupervisorPorts = { clock, hub, onError: () => undefined, onFatal: () => undefined };
const parts: readonly [Part, ...Part[]] = [
  { index: 0, count: 3 },
  { index: 1, count: 3 },
  { index: 2, count: 3 },
];

describe('a worker of several parts', () => {
  it('has a unit, a gate and a body each, and is started and stopped as one', async () => {
    const gates: FakeGate[] = [];
    const asked: UnitId[] = [];
    const keeper: GateKeeper = {
      gateOf: (unit) => {
        asked.push(unit);
        const gate: FakeGate = new FakeGate('lease', () => bodies[gates.indexOf(gate)]?.live !== undefined);
        gates.push(gate);
        return gate;
      },
      start: () => Promise.resolve(),
      beginClose: () => undefined,
      endClose: () => undefined,
    };
    const keepers = new Keepers(new EventHub(new FakeClock()));
    keepers.add(keeper);
    const bodies: FakeBody[] = [];
    const bodyOf = (): FakeBody => {
      const body = new FakeBody((run) => void (run.ask = () => run.settle({ type: 'aborted' })));
      bodies.push(body);
      return body;
    };
    const units = makeUnits(defineWorker('ProbeWorker', {}), parts, keepers, bodyOf, ports);
    const seen: Units[] = [];
    const registry = new Registry();
    const handleOf = (all: Units): WorkerHandle => {
      seen.push(all);
      return {} as WorkerHandle;
    };
    const entry = registry.add(new RegistryEntry(units, [], 'AppModule', handleOf));
    expect([entry.name, registry.names, registry.units.map(({ policy }) => policy.name)]).toEqual([
      'probe',
      ['probe'],
      ['probe#0', 'probe#1', 'probe#2'],
    ]);
    void entry.handle;
    expect(seen).toEqual([units]);
    expect(asked).toEqual(parts.map((part) => ({ worker: 'probe', part })));

    void startPhases(registry.units, () => false);
    gates[1]!.win();
    await clock.advance(0);
    expect(units.map(({ state }) => state.status)).toEqual(['waiting', 'running', 'waiting']);
    expect(bodies[1]!.last!.run.shard).toEqual({ index: 1, count: 3 });

    const report = await stopPhases(registry.units, clock, clock.now() + 1_000);
    expect(report).toMatchObject({ stopped: ['probe#0', 'probe#1', 'probe#2'], abandoned: [] });
    expect(gates.map(({ out }) => out)).toEqual([0, 0, 0]);
  });
});

describe('a body that nobody waits for any more', () => {
  const supervised = (options: object): { readonly body: FakeBody; readonly unit: Supervisor } => {
    const body = new FakeBody();
    const unit = new Supervisor(defineWorker('ThreadWorker', options), [], body, ports);
    unit.dispatch({ type: 'start' });
    return { body, unit };
  };

  it('is told so when its time to stop is up: ended by force, the next may run', async () => {
    const { body, unit } = supervised({ stopTimeout: 100 });
    const { last } = body;
    last!.abandon = () => last!.settle({ type: 'aborted' });
    unit.dispatch({ type: 'restart' });
    await clock.advance(99);
    expect(body.runs).toBe(1);
    await clock.advance(2);
    expect(body.runs).toBe(2);
    expect(unit.state.status).toBe('running');
  });

  it('is told so when it has stalled', async () => {
    const { body } = supervised({ heartbeatTimeout: 50 });
    await clock.advance(51);
    expect(body.last!.abandoned).toBe(1);
  });
});

it('the wall clock reaches the machine beside the monotonic one', () => {
  const seen: string[] = [];
  const of = (name: 'now' | 'wall') => (): number => {
    seen.push(name);
    return clock[name]();
  };
  const twice = Object.assign(Object.create(clock) as FakeClock, { now: of('now'), wall: of('wall') });
  const unit = new Supervisor(defineWorker('W', {}), [], new FakeBody(), { ...ports, clock: twice });
  unit.dispatch({ type: 'start' });
  expect(seen.slice(0, 2)).toEqual(['now', 'wall']);
});

it('5,000 joins cost no more than 5,000 promises', async () => {
  const rig = await loop((ctx) => ctx.sleep(3_600_000));
  const begun = process.cpuUsage();
  const joins = Array.from({ length: 5_000 }, () => rig.handle.join());
  await rig.handle.stop();
  expect(await Promise.all(joins)).toEqual(joins.map(() => true));
  const { user, system } = process.cpuUsage(begun);
  expect((user + system) / 1_000).toBeLessThan(500);
});
