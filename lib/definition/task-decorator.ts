import type { SchemaOutput, StandardSchemaV1 } from '../contract/standard-schema.js';
import type { TaskHandlerMethod } from '../contract/task-handlers.js';
import type { TaskContext } from '../contract/tasks.js';
import { invalid } from './check.js';
import { addMetadata, type Class } from './metadata.js';
import type { HandlerOptions, TaskOptions } from './task-options.js';

/**
 * What `@BackgroundTask()` is: a decorator of methods that can take the task.
 *
 * @example
 * ```ts
 * const task: TaskDecorator<(payload: string, ctx: TaskContext) => unknown> = BackgroundTask({ retries: 0 });
 * ```
 */
export type TaskDecorator<H> = <F extends H>(
  target: object,
  key: string,
  descriptor: TypedPropertyDescriptor<F>,
) => void;

/**
 * Makes a provider's method a handler of tasks: `tasks.dispatch(Class, 'method', payload)` sends it JSON through the
 * configured transport, `tasks.run()` calls it in this process. Options are validated when the app starts. (After Celery's `@shared_task`.)
 *
 * @example
 * ```ts
 * class Mailer {
 *   @BackgroundTask({ name: 'mail.send', retries: 5 })
 *   async send(mail: { to: string }, ctx: TaskContext) {
 *     ctx.logger.log(`to ${mail.to}`);
 *   }
 * }
 * ```
 */
export function BackgroundTask<S extends StandardSchemaV1>(
  options: TaskOptions & { payload: S },
): TaskDecorator<(payload: SchemaOutput<S>, ctx: TaskContext) => unknown>;
export function BackgroundTask(options?: TaskOptions): TaskDecorator<TaskHandlerMethod>;
export function BackgroundTask(options: HandlerOptions = {}): TaskDecorator<TaskHandlerMethod> {
  return (target, key) => {
    if (typeof target === 'function')
      throw invalid((target as Class).name, '@BackgroundTask()', `static ${key}`, 'a method of the instance');
    addMetadata(target.constructor as Class, { handlers: { [key]: options } });
  };
}
