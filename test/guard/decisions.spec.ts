import { describe, expect, it } from 'vitest';
import { arrival, hear, lenderIn } from '../../lib/guard/heard.js';
import { Pace } from '../../lib/guard/pace.js';
import { isNewer, type Answer } from '../../lib/guard/protocol.js';

const HOLDER = { pid: 7, entry: 'main.js' };

describe('who is newer', () => {
  it.each([
    ['by the kernel', { started: 2 }, { started: 1 }, true],
    ['by the kernel, whatever the pid', { pid: 9, started: 1 }, { pid: 1, started: 2 }, false],
    ['a tie: the higher pid', { pid: 9, started: 1 }, { pid: 1, started: 1 }, true],
    ['nobody knows: who asks', { pid: 1 }, { pid: 9, started: 5 }, true],
  ])('%s', (_, asker, holder, expected) =>
    expect(isNewer({ ...HOLDER, ...asker }, { ...HOLDER, ...holder })).toBe(expected),
  );
});

describe('what an answer means', () => {
  const progress = { ...HOLDER, workers: ['job'], closing: false };
  it.each<[Answer, string]>([
    [{ type: 'kept', ...HOLDER, settled: true }, 'patient'],
    [{ type: 'kept', ...HOLDER, settled: false }, 'mine'],
    [{ type: 'kept', ...HOLDER }, 'patient'],
    [{ type: 'passed', ...HOLDER }, 'promised'],
    [{ type: 'settled', pid: 7 }, 'patient'],
    [{ type: 'draining', ...progress }, 'mine'],
    [{ type: 'released', ...HOLDER, ms: 1, closing: false }, 'mine'],
  ])('%o', (answer, turn) => expect(hear(answer, undefined, 0).turn).toBe(turn));

  it('one that was not settled and is now', () => {
    const { heard } = hear({ type: 'kept', ...HOLDER, settled: false }, undefined, 0);
    expect(hear({ type: 'settled', pid: 7 }, heard, 5).heard).toMatchObject({ since: 0, settled: true });
  });

  const after = (...answers: readonly Answer[]): ReturnType<typeof hear>['heard'] =>
    answers.reduce<ReturnType<typeof hear>['heard']>((before, one) => hear(one, before, 0).heard, undefined);

  it('from whom the workers came', () => {
    const released = after({ type: 'released', ...HOLDER, ms: 1, closing: false });
    expect(arrival(released, undefined, 9)).toMatchObject({ type: 'tookOver', how: 'running', ms: 9 });
    expect(lenderIn(released)).toEqual(HOLDER);
    const closing = after({ type: 'released', ...HOLDER, ms: 1, closing: true });
    expect(arrival(closing, undefined, 9)).toMatchObject({ type: 'tookOver', how: 'closing' });
    expect(lenderIn(closing)).toBeUndefined();
    expect(arrival(after({ type: 'draining', ...progress }), undefined, 9)).toMatchObject({ how: 'ended' });
    expect(arrival(after({ type: 'kept', ...HOLDER, settled: false }), undefined, 9)).toEqual({
      type: 'cameBack',
      from: HOLDER,
      settled: false,
    });
    expect(arrival(undefined, HOLDER, 9)).toEqual({ type: 'cameBack', from: HOLDER, settled: false });
    expect(arrival(undefined, undefined, 9)).toBeUndefined();
  });
});

describe('how soon a holder is asked again', () => {
  it('at once where it was heard, or its end freed the endpoint', () => {
    const pace = new Pace();
    expect(pace.next('heard', 1)).toEqual({ rest: 0 });
    expect(pace.next('mute', 500)).toEqual({ rest: 0 });
  });

  it('with growing pauses where it hangs up, at most once a second', () => {
    const pace = new Pace();
    const rests = Array.from({ length: 9 }, () => pace.next('mute', 1).rest);
    expect(rests).toEqual([20, 40, 80, 160, 320, 640, 1_000, 1_000, 1_000]);
  });

  it('with another secret at once, then once a second and with a word', () => {
    const pace = new Pace();
    expect(pace.next('refused', 1)).toEqual({ rest: 0 });
    expect(pace.next('refused', 1)).toEqual({ rest: 1_000, strange: 'refused' });
    expect(new Pace().next('other-version', 1)).toEqual({ rest: 1_000, strange: 'other-version' });
  });
});
