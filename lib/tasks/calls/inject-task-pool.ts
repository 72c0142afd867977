import { Inject } from '@nestjs/common';

/** The injection token of a named pool. */
export const poolToken = (name: string): string => `nestjs-background-worker:pool:${name}`;

/** Injects a named pool: a `BackgroundTasks` of its own, with the bounds that the module's option `pools` gives it. */
export const InjectTaskPool = (name: string): ParameterDecorator & PropertyDecorator => Inject(poolToken(name));
