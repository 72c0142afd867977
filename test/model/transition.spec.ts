import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { defineWorker } from '../../lib/definition/definition.js';
import type { WorkerOptions } from '../../lib/definition/options.js';
import { newMachine, type Machine, type MachineInput, type Policy } from '../../lib/supervision/machine/machine.js';
import { transition } from '../../lib/supervision/machine/transition.js';
import { RUNS, histories, policies } from './history.js';
import { CRASH, World } from './world.js';

const policyOf = (options: WorkerOptions, gates: Policy['gates'] = []): Policy => ({
  ...defineWorker('ModelWorker', options),
  shutdownTimeout: 25_000,
  gates,
});

function after(policy: Policy, ...inputs: readonly (MachineInput & { readonly now?: number })[]): Machine {
  return inputs.reduce<Machine>(
    (machine, input) => transition(machine, { now: 0, wall: 0, draw: 0, ...input }, policy).machine,
    newMachine,
  );
}

describe('transition', () => {
  it('keeps its laws over random histories', () => {
    fc.assert(
      fc.property(policies, histories, (policy, history) => {
        const world = new World(policy);
        for (const move of history) world.play(move);
        world.end();
      }),
      { numRuns: RUNS },
    );
  });

  it('counts from 0 again after a start that comes while the worker still stops', () => {
    const policy = policyOf({ maxFailures: 3, readyTimeout: 10 });
    const { state } = after(
      policy,
      { type: 'start' },
      { type: 'timer', timer: 'ready', now: 10 },
      { type: 'stop', reason: 'requested', now: 11 },
      { type: 'start', now: 12 },
    );
    expect(state).toMatchObject({ status: 'stopping', then: 'restart', failures: 0 });
  });

  it('is not revived by a start once it stops for shutdown', () => {
    const { after: then } = after(
      policyOf({}),
      { type: 'start' },
      { type: 'stop', reason: 'shutdown' },
      { type: 'start' },
    );
    expect(then).toEqual({ type: 'stop', reason: 'shutdown' });
  });

  it('says how long an overdue run takes already, not how long ago it beat', () => {
    const policy = policyOf({ every: 1_000, heartbeatTimeout: 5_000 });
    const machine = after(policy, { type: 'start' }, { type: 'beat', now: 59_000 });
    const { effects } = transition(
      machine,
      { type: 'timer', timer: 'overdue', now: 60_000, wall: 60_000, draw: 0 },
      policy,
    );
    expect(effects).toContainEqual({ type: 'report', event: { type: 'overdue', sinceMs: 60_000 } });
  });

  it('forgets a trigger that a pause has refused', () => {
    const policy = policyOf({ every: 1_000 }, ['guard']);
    const machine = after(policy, { type: 'start' }, { type: 'trigger' }, { type: 'pause' });
    expect(machine).toMatchObject({ state: { status: 'paused' }, triggered: false });
  });

  it('holds its gates for an abandoned body, whatever is asked for meanwhile', () => {
    const policy = policyOf({ stopTimeout: 1 }, ['guard']);
    const inputs: readonly MachineInput[] = [
      { type: 'start' },
      { type: 'gateWon' },
      { type: 'gateLost', why: 'lease-lost' },
      { type: 'abandon' },
    ];
    const blocked = after(policy, ...inputs);
    expect(blocked).toMatchObject({ live: true, state: { status: 'waiting', on: 'body' } });
    const { effects } = transition(blocked, { type: 'pause', now: 2, wall: 2, draw: 0 }, policy);
    expect(effects).not.toContainEqual({ type: 'leave' });
  });

  it('waits backoff.initial between runs that end well under restart: always', () => {
    const policy = policyOf({ restart: 'always', backoff: { initial: 70, jitter: 0 } });
    const { state } = after(policy, { type: 'start' }, { type: 'settled', outcome: { type: 'completed' }, now: 5 });
    expect(state).toMatchObject({ status: 'waiting', on: 'backoff', until: 75, failures: 0 });
  });

  it('leaves failed by restart, with failures at 0', () => {
    const policy = policyOf({ maxFailures: 1 });
    const failed = after(policy, { type: 'start' }, { type: 'settled', outcome: CRASH });
    expect(failed.state).toMatchObject({ status: 'failed', failures: 1 });
    const { machine } = transition(failed, { type: 'restart', now: 9, wall: 9, draw: 0 }, policy);
    expect(machine.state).toMatchObject({ status: 'running', failures: 0, incarnation: 2 });
  });
});
