import { Inject } from '@nestjs/common';

/** The injection token of a named pool. */
export const poolToken = (name: string): string => `nestjs-background-worker:pool:${name}`;

/**
 * Injects a named pool: a `BackgroundTasks` of its own, with the bounds that the module's option `pools` gives it.
 *
 * @example
 * ```ts
 * @Injectable()
 * class Reports {
 *   constructor(@InjectTaskPool('reports') private readonly tasks: BackgroundTasks) {}
 * }
 * const module = BackgroundWorkerModule.forRoot({ pools: { reports: { concurrency: 1 } } });
 * ```
 */
export const InjectTaskPool = (name: string): ParameterDecorator & PropertyDecorator => Inject(poolToken(name));
