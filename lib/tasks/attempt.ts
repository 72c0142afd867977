import type { LoggerService } from '@nestjs/common';
import type { TaskContext } from '../contract/tasks.js';
import type { Timer } from '../shared/clock.js';
import type { WorkerAborted } from '../shared/errors.js';
import type { UnitEnvironment } from '../units/environment.js';
import { Unit } from '../units/unit.js';
import type { Running, Task } from './task.js';

/** What all attempts of an app share. */
export interface AttemptSite extends UnitEnvironment {
  readonly taskLogger: LoggerService;
}

/** One run of a task: a unit of its own, and the task's phase while it runs. */
export class Attempt extends Unit<AttemptSite, Task<unknown>> implements TaskContext, Running {
  revoked: WorkerAborted | undefined;
  private timer: Timer | undefined;

  work(): unknown {
    return this.task.fn(this);
  }

  get task(): Task<unknown> {
    return this.spec;
  }

  get is(): 'running' {
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

  /** Calls back once this much time has passed, unless it ended before. */
  limit(ms: number, fn: () => void): void {
    this.timer = this.environment.clock.after(ms, fn, { limit: true });
  }

  revoke(reason: WorkerAborted): void {
    this.revoked = reason;
    this.cancel(reason);
  }

  /** The function has settled. */
  end(): void {
    this.timer?.cancel();
  }
}
