import type { ModuleRef } from '@nestjs/core';
import { ContextIdFactory } from '@nestjs/core';
import type { Token } from '../contract/contexts.js';
import { BackgroundWorkerError } from '../shared/errors.js';

/** Stands for `REQUEST` where there is none. Symbols and `then` are let through: Node and promises ask for them unbidden. */
const NO_REQUEST: object = new Proxy(Object.freeze({}), {
  get(_target, key) {
    if (typeof key === 'symbol' || key === 'then') return undefined;
    throw new BackgroundWorkerError(
      'BGW_NO_REQUEST',
      `background work has no request to read "${key}" from; hand over values instead`,
    );
  },
});

/** A DI scope of one unit: request-scoped providers are made once in it. */
export class UnitScope {
  private readonly contextId = ContextIdFactory.create();

  constructor(private readonly moduleRef: ModuleRef) {
    moduleRef.registerRequestByContextId(NO_REQUEST, this.contextId);
  }

  resolve<T>(token: Token<T>): Promise<T> {
    return this.moduleRef.resolve<T, T>(token, this.contextId, { strict: false });
  }
}
