import type { LoggerService } from '@nestjs/common';
import type { TaskContext } from '../../contract/tasks.js';
import type { WorkerAborted } from '../../shared/errors.js';
import type { UnitEnds } from '../../units/follower.js';
import { Unit } from '../../units/unit.js';
import type { TaskEnvironment } from './task-environment.js';
import type { Running, Task } from './task.js';

export interface AttemptEnds {
  succeeded(attempt: Attempt, value: unknown): void;
  failed(attempt: Attempt, error: unknown): void;
  timedOut(attempt: Attempt, reason: WorkerAborted): void;
}

/** One run of a task: a unit of its own, and the task's phase while it runs. */
export class Attempt extends Unit<TaskEnvironment, Task<unknown>> implements TaskContext, Running, UnitEnds {
  revoked: WorkerAborted | undefined;
  suspect: Running['suspect'] = undefined;

  constructor(
    environment: TaskEnvironment,
    task: Task<unknown>,
    private readonly ends: AttemptEnds,
  ) {
    super(environment, task);
  }

  get owner(): object {
    return this.task;
  }

  known(fn: () => unknown): unknown {
    return this.environment.inside.call(this.task, fn, undefined);
  }

  work(): unknown {
    const { task, environment } = this;
    return this.isBlind ? environment.inside.call(task, task.fn, this) : task.fn(this);
  }

  get task(): Task<unknown> {
    return this.spec;
  }

  get type(): 'running' {
    return 'running';
  }

  override get id(): string {
    return this.task.id;
  }

  get attempt(): number {
    return this.task.attempts;
  }

  get logger(): LoggerService {
    return this.environment.taskLogger;
  }

  progress(done: number, total?: number): void {
    this.task.progress = { done, total };
    this.environment.hub.emit({ task: this.id }, { type: 'taskProgress', done, total });
  }

  revoke(reason: WorkerAborted): void {
    this.revoked = reason;
    this.cancel(reason);
  }

  succeeded(value: unknown): void {
    this.ends.succeeded(this, value);
  }

  failed(error: unknown): void {
    this.ends.failed(this, error);
  }

  timedOut(reason: WorkerAborted): void {
    this.ends.timedOut(this, reason);
  }
}
