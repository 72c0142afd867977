import type { LoggerService } from '@nestjs/common';
import type { TaskContext } from '../contract/tasks.js';
import type { Timer } from '../shared/clock.js';
import type { WorkerAborted } from '../shared/errors.js';
import type { UnitEnvironment, UnitSpec } from '../units/environment.js';
import { Unit } from '../units/unit.js';
import type { Task } from './task.js';

/** What all attempts of a pool share. */
export interface AttemptSite extends UnitEnvironment {
  readonly taskLogger: LoggerService;
}

/** One run of a task: a unit of its own. */
export class Attempt extends Unit implements TaskContext {
  constructor(
    private readonly site: AttemptSite,
    private readonly task: Task<unknown>,
    spec: UnitSpec,
  ) {
    super(site, spec);
  }

  /** Of its time-out. */
  timer: Timer | undefined = undefined;

  /** The function has settled. @returns why it was cancelled, if it was */
  end(): WorkerAborted | undefined {
    this.timer?.cancel();
    return this.reason;
  }

  override get id(): string {
    return this.task.id;
  }

  get attempt(): number {
    return this.task.attempt;
  }

  get logger(): LoggerService {
    return this.site.taskLogger;
  }

  progress(done: number, total?: number): void {
    this.task.progress = { done, total };
    this.site.hub.emit({ task: this.id }, { type: 'taskProgress', done, total });
  }
}
