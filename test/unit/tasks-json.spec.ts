import { runInNewContext } from 'node:vm';
import { describe, expect, it, vi } from 'vitest';
import { jsonOf } from '../../lib/tasks/wire/json.js';

class Money {
  constructor(readonly amount: number) {}
}
class Moneys extends Array<number> {}
const hidden = (target: object): object => Object.defineProperty(target, 'hidden', { value: 1 });
const nested = (levels: number): object => {
  let value = {};
  for (let level = 1; level < levels; level += 1) value = { value };
  return value;
};
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
    ['toJSON()', { toJSON: () => 1 }, 'payload.toJSON is a function'],
    ['a list with toJSON()', Object.assign([1], { toJSON: () => 1 }), 'payload is a list with the key "toJSON"'],
    ['a list with more', { a: Object.assign([1], { more: 2 }) }, 'payload.a is a list with the key "more"'],
    ['a list with a hidden key', hidden([]), 'payload is a list with the key "hidden"'],
    ['a list with a hole', Object.assign([1], { length: 2 }), 'payload[1] is undefined in a list'],
    ['a list of a class', [Moneys.of(1)], 'payload[0] is an instance of Moneys'],
    ['a key that is no string', { [Symbol('s')]: 1 }, 'payload is an object with the key Symbol(s)'],
    ['a hidden key', hidden({ a: 1 }), 'payload is an object with the key "hidden", which JSON leaves out'],
    ['what is inherited', Object.create({ a: 1 }), 'payload is an object that inherits from another'],
    ['a Date of another realm', runInNewContext('new Date(0)'), 'payload is an instance of Date'],
    ['what is nested too deep', nested(20_000), 'payload is nested more than 1000 levels deep'],
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

  it('takes objects of another realm, -0 as 0, and what is nested as deep as may be', () => {
    expect(jsonOf(runInNewContext('({ list: [{ a: 1 }] })'))).toBe('{"list":[{"a":1}]}');
    expect(jsonOf([-0])).toBe('[0]');
    expect(JSON.parse(jsonOf(nested(1_000)) ?? '')).toEqual(nested(1_000));
    expect(jsonOf(JSON.parse('{"__proto__":{"a":1},"é":"\\ud800"}'))).toBe('{"__proto__":{"a":1},"é":"\\ud800"}');
  });

  it('reads each value once: what is checked is what is sent', () => {
    const read = vi.fn<() => unknown>().mockReturnValueOnce('first').mockReturnValue(new Date(0));
    expect(jsonOf(Object.defineProperty({}, 'at', { get: read, enumerable: true }))).toBe('{"at":"first"}');
    expect(read).toHaveBeenCalledTimes(1);
  });
});
