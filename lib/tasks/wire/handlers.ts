import type { HandlerClass } from '../../contract/task-handlers.js';
import type { TaskContext } from '../../contract/tasks.js';
import { metadataOf, type Class } from '../../definition/metadata.js';
import {
  handlerBackoff,
  TASK_RETRIES,
  validateTaskOptions,
  type HandlerOptions,
} from '../../definition/task-options.js';
import { BackgroundWorkerError } from '../../shared/errors.js';
import type { HandlerInfo } from './transport.js';

/** A decorated method of a provider. */
export interface FoundHandler {
  /** Of the class. */
  readonly subject: string;
  readonly method: string;
  readonly options: HandlerOptions;
  readonly target: object;
  readonly classes: readonly unknown[];
  readonly module: string;
}

/** A task's address and how it is handled, its defaults filled in. */
export interface HandlerDefinition extends HandlerInfo {
  readonly payload: HandlerOptions['payload'];
}

export interface Handler extends HandlerDefinition {
  call(payload: unknown, ctx: TaskContext): unknown;
}

/** @throws BackgroundWorkerError `BGW_INVALID_OPTION`, `BGW_UNSUPPORTED_OPTION` */
function define(subject: string, method: string, options: HandlerOptions): HandlerDefinition {
  const where = `${subject}.${method}`;
  validateTaskOptions(where, options);
  const { name = where, retries = TASK_RETRIES, backoff, timeout, concurrency, payload } = options;
  return { name, retries, backoff: handlerBackoff(where, backoff), timeout, concurrency, payload };
}

/** The handlers of an app, by name and by class. */
export class Handlers {
  private readonly byName = new Map<string, { readonly handler: Handler; readonly found: FoundHandler }>();

  /** @throws BackgroundWorkerError `BGW_DUPLICATE_HANDLER`, `BGW_INVALID_OPTION`, `BGW_UNSUPPORTED_OPTION` */
  constructor(all: readonly FoundHandler[]) {
    for (const found of all) this.add(found);
  }

  get all(): readonly Handler[] {
    return [...this.byName.values()].map(({ handler }) => handler);
  }

  /** Those that have their name from their class. */
  get unnamed(): readonly string[] {
    return [...this.byName].flatMap(([name, { found }]) => (found.options.name === undefined ? [name] : []));
  }

  find(name: string): Handler | undefined {
    return this.byName.get(name)?.handler;
  }

  /** @throws BackgroundWorkerError `BGW_UNKNOWN_HANDLER` */
  get(name: string): Handler {
    const known = this.find(name);
    if (known) return known;
    const names = [...this.byName.keys()].join(', ') || 'none';
    throw new BackgroundWorkerError('BGW_UNKNOWN_HANDLER', `no handler of the task ${name}; there are: ${names}`);
  }

  /**
   * Also of a class that is no provider here: another process may have it.
   * @throws BackgroundWorkerError `BGW_UNKNOWN_HANDLER`
   */
  definitionOf(by: HandlerClass<unknown>, method: string): HandlerDefinition {
    for (const { handler, found } of this.byName.values())
      if (found.method === method && found.classes.includes(by)) return handler;
    const handlers = typeof by === 'function' ? metadataOf(by as Class)?.handlers : undefined;
    const options = handlers && Object.hasOwn(handlers, method) ? handlers[method] : undefined;
    if (options) return define(by.name, method, options);
    const message = `${String((by as { name?: string } | undefined)?.name)}.${method} is no handler: decorate the method with @BackgroundTask()`;
    throw new BackgroundWorkerError('BGW_UNKNOWN_HANDLER', message);
  }

  private add(found: FoundHandler): void {
    const { subject, method, options, target, module } = found;
    const definition = define(subject, method, options);
    const before = this.byName.get(definition.name)?.found;
    if (before) {
      const both = `${before.subject}.${before.method} in ${before.module} and ${subject}.${method} in ${module}`;
      const message = `two handlers are named "${definition.name}": ${both}; give one another \`name\``;
      throw new BackgroundWorkerError('BGW_DUPLICATE_HANDLER', message);
    }
    const call: Handler['call'] = (payload, ctx) =>
      (target as Record<string, Handler['call'] | undefined>)[method]?.(payload, ctx);
    this.byName.set(definition.name, { handler: { ...definition, call }, found });
  }
}
