import { describe, expect, it } from 'vitest';
import { jsonOf } from '../../lib/tasks/json.js';

class Money {
  constructor(readonly amount: number) {}
}
const cycle: { self?: unknown } = {};
cycle.self = { in: [cycle] };

describe('the JSON of a payload', () => {
  it.each([
    ['a Date', { a: [{ at: new Date(0) }] }, 'payload.a[0].at is an instance of Date'],
    ['a Map', new Map(), 'payload is an instance of Map'],
    ['a Set', { 'odd key': new Set() }, 'payload["odd key"] is an instance of Set'],
    ['a bigint', { n: 1n }, 'payload.n is a bigint'],
    ['NaN', [1, NaN], 'payload[1] is NaN'],
    ['Infinity', { n: -Infinity }, 'payload.n is -Infinity'],
    ['a function', { fn: () => 1 }, 'payload.fn is a function'],
    ['a symbol', { s: Symbol('x') }, 'payload.s is a symbol'],
    ['a cycle', cycle, 'payload.self.in[0] is a cycle'],
    ['a class instance', { price: new Money(5) }, 'payload.price is an instance of Money'],
    ['undefined in a list', [undefined], 'payload[0] is undefined in a list'],
    ['toJSON()', { toJSON: () => 1 }, 'payload is an object with toJSON()'],
  ])('refuses %s, with the path to it', (_, payload, message) => {
    expect(() => jsonOf(payload)).toThrow(message);
    expect(() => jsonOf(payload)).toThrow(expect.objectContaining({ code: 'BGW_NOT_JSON' }));
  });

  it('drops undefined properties, and takes the same object twice', () => {
    const twice = { a: 1 };
    expect(jsonOf({ x: undefined, twice, again: [twice], none: null })).toBe(
      '{"twice":{"a":1},"again":[{"a":1}],"none":null}',
    );
    expect(jsonOf(Object.assign(Object.create(null) as object, { a: 1 }))).toBe('{"a":1}');
    expect(jsonOf(undefined)).toBeUndefined();
    expect(jsonOf('text')).toBe('"text"');
  });
});
