import type { UnitContext } from '../../lib/index.js';

export type Work = (unit: UnitContext) => unknown;

const getter = (target: object, key: string): object =>
  Object.defineProperty(target, key, {
    get: () => {
      throw new Error(`the getter of ${key}`);
    },
  });
const hostile = (): object =>
  new Proxy(
    new Error('hostile'),
    new Proxy(
      {},
      {
        get: (_, trap) => () => {
          throw new Error(`the trap ${String(trap)}`);
        },
      },
    ),
  );
const revoked = (): object => {
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  return proxy;
};
const throwing =
  (error: unknown): Work =>
  () => {
    throw error;
  };

/** All the ways we know of in which a piece of work can fail. */
export const failures: Record<string, Work> = {
  'a throw': throwing(new Error('thrown')),
  'a rejection': () => Promise.reject(new Error('rejected')),
  'a throw of undefined': throwing(undefined),
  'a throw of null': throwing(null),
  'a rejection with a number': async () => await Promise.reject(5),
  'a throw of a symbol': throwing(Symbol('thrown')),
  'a throw of an object without a prototype': throwing(Object.create(null)),
  'an AbortError of somebody else': throwing(new DOMException('not ours', 'AbortError')),
  'a message that is no string': throwing(Object.assign(new Error(), { message: Symbol('message') })),
  'a throw in the getter of message': throwing(getter(new Error(), 'message')),
  'a throw in the getter of name': throwing(getter(new Error(), 'name')),
  'a throw in the getter of stack': throwing(getter(new Error(), 'stack')),
  'a throw in the getter of cause': throwing(getter(new Error(), 'cause')),
  'a proxy whose every trap throws': throwing(hostile()),
  'a revoked proxy': throwing(revoked()),
  'a rejection with a proxy whose every trap throws': async () => await Promise.reject(hostile()),
  'a result whose then cannot be read': () => getter({}, 'then'),
  'a result that is a revoked proxy': revoked,
  'a thenable that throws': () => ({
    // oxlint-disable-next-line unicorn/no-thenable
    then: () => {
      throw new Error('in then()');
    },
  }),
};
