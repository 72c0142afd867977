import { deferred } from '../../shared/deferred.js';
import { DoNotRestart, WorkerAborted } from '../../shared/errors.js';
import type { TaskPool } from '../pool/pool.js';
import { engineRetryIn } from '../pool/engine.js';
import { specOf } from '../pool/task-spec.js';
import type { TaskEnvironment } from '../pool/task-environment.js';
import { Task } from '../pool/task.js';
import type { Handler } from './handlers.js';
import { isRefusal, parsed } from './payload.js';
import type { Delivered, Delivery, DeliveryEnd } from './transport.js';

/** Runs what has come in a pool, and tells what came of it. */
export function deliver(environment: TaskEnvironment, pool: TaskPool, handler: Handler, delivery: Delivery): Delivered {
  const { message, attempt, attemptsLeft, owner, delay } = delivery;
  const before = attempt - 1;
  const body = new Body(handler, message.payload);
  const task = new Task<unknown>(
    pool,
    body.fn,
    specOf(environment, undefined, {
      name: handler.name,
      id: message.id,
      headers: message.headers,
      timeout: handler.timeout,
      backoff: handler.backoff,
      retries: owner === 'process' ? before + attemptsLeft : before,
      engine: owner === 'engine' ? { attemptsLeft } : undefined,
    }),
  );
  task.attempts = before;
  if (owner === 'process') pool.add(task, delay);
  else void pool.addWhenFree(task, delay, undefined);
  environment.ledger.again(task);
  const ended = (async (): Promise<DeliveryEnd> => {
    await task.join();
    await body.settled;
    return endOf(task);
  })();
  return Object.assign(task, { ended });
}

/** The handler's function, and whether it still runs: a task that has timed out is over before it. */
class Body {
  settled: Promise<void> | undefined;

  constructor(
    private readonly handler: Handler,
    private readonly json: string | undefined,
  ) {}

  /** Each attempt gets a copy of its own of the payload. */
  readonly fn: Task<unknown>['fn'] = async (ctx) => {
    const settled = deferred();
    this.settled = settled.promise;
    try {
      return await this.handler.call(await this.payload(), ctx);
    } finally {
      settled.resolve();
    }
  };

  private async payload(): Promise<unknown> {
    try {
      return await parsed(this.handler.name, this.handler.payload, this.json);
    } catch (error) {
      throw isRefusal(error) ? new DoNotRestart(error) : error;
    }
  }
}

function endOf(task: Task<unknown>): DeliveryEnd {
  const { phase } = task;
  switch (phase.type) {
    case 'done':
      return { type: 'done', value: phase.value };
    case 'failed': {
      const { error } = phase;
      const retryIn = engineRetryIn(task, error);
      return retryIn === undefined ? { type: 'failedForGood', error } : { type: 'failed', error, retryIn };
    }
    case 'cancelled':
      return { type: isCut(phase.error) ? 'handedBack' : 'cancelled', error: phase.error };
    case 'discarded':
      return { type: 'handedBack', error: phase.error };
    case 'queued':
    case 'waiting':
    case 'running':
      return { type: 'handedBack', error: undefined };
    default:
      return phase satisfies never;
  }
}

const isCut = (error: unknown): boolean => error instanceof WorkerAborted && error.why === 'shutdown';
