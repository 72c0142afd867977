import type { ModulesContainer } from '@nestjs/core';
import { metadataOf, type Class, type Metadata } from '../definition/metadata.js';
import { BackgroundWorkerError } from '../shared/errors.js';

export type Module = ModulesContainer extends Map<string, infer M> ? M : never;
type Wrapper = Module['providers'] extends Map<unknown, infer W> ? W : never;

/** A provider or controller behind which stands a decorated class. */
export interface Decorated {
  readonly instance: object;
  readonly token: unknown;
  readonly module: string;
  /** Its instance's class, or the token that it was overridden under. */
  readonly marks: readonly Mark[];
}

export interface Mark {
  readonly by: Class;
  readonly metadata: Metadata;
}

/** Nest makes the instance of its metatype, unless that is a factory or there is none. */
const classOf = (wrapper: Wrapper): unknown =>
  wrapper.isNotMetatype ? (wrapper.instance as object | null | undefined)?.constructor : wrapper.metatype;

function markOf(by: unknown): Mark | undefined {
  const metadata = typeof by === 'function' ? metadataOf(by as Class) : undefined;
  return metadata && { by: by as Class, metadata };
}

/**
 * What the decorators of this package have marked, in one pass over an app's providers and controllers.
 * @throws BackgroundWorkerError `BGW_SCOPED_WORKER`, `BGW_METADATA_VERSION`
 */
export function* decorated(modules: Iterable<Module>): Iterable<Decorated> {
  for (const module of modules)
    for (const injectables of [module.providers, module.controllers])
      for (const wrapper of injectables.values()) {
        const { token } = wrapper;
        const by = classOf(wrapper);
        const own = markOf(by);
        const other = token === by ? undefined : markOf(token);
        const mark = own ?? other;
        if (!mark) continue;
        if (wrapper.isTransient || !wrapper.isDependencyTreeStatic()) throw scoped(mark);
        const { instance } = wrapper as { instance: unknown };
        if (typeof instance === 'object' && instance !== null)
          yield { instance, token, module: module.name, marks: own && other ? [own, other] : [mark] };
      }
}

function roleOf({ worker, handlers }: Metadata): string {
  if (worker) return 'is a worker';
  return handlers ? 'has task handlers' : 'is around units of work';
}

const scoped = ({ by: { name }, metadata }: Mark): BackgroundWorkerError =>
  new BackgroundWorkerError(
    'BGW_SCOPED_WORKER',
    `${name} ${roleOf(metadata)} and is request- or transient-scoped, or depends on something that is; it lives as long as the app: make it a default-scoped provider and use ctx.resolve() inside a unit of work`,
  );
