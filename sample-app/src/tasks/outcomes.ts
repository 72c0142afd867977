import { NotFoundException } from '@nestjs/common';

const kept = 100;

/** What came of the last tasks, also while they run. */
export class Outcomes<T> {
  private readonly byTask = new Map<string, T>();

  keep(task: string, outcome: T): T {
    this.byTask.set(task, outcome);
    for (const [oldest] of [...this.byTask].slice(0, -kept)) this.byTask.delete(oldest);
    return outcome;
  }

  of(task: string): T {
    const outcome = this.byTask.get(task);
    if (!outcome) throw new NotFoundException(`Nothing came of ${task} yet, or it was long ago`);
    return outcome;
  }
}
