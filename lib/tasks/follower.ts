import type { Attempt } from './attempt.js';

export interface AttemptEnds {
  succeeded(attempt: Attempt, value: unknown): void;
  failed(attempt: Attempt, error: unknown): void;
}

/** Waits for one attempt after the other: no closure a task. */
export class Follower {
  private attempt: Attempt | undefined = undefined;

  constructor(
    private readonly ends: AttemptEnds,
    /** Of those that wait for nothing. */
    private readonly idle: Follower[],
  ) {}

  /** By the true `then` of promises: whatever one has in its place, it is told once. */
  follow(attempt: Attempt, out: PromiseLike<unknown>): void {
    this.attempt = attempt;
    const promise = out instanceof Promise ? out : Promise.resolve(out);
    void Promise.prototype.then.call(promise, this.succeeded, this.failed);
  }

  private readonly succeeded = (value: unknown): void => {
    const attempt = this.leave();
    if (attempt) this.ends.succeeded(attempt, value);
  };

  private readonly failed = (error: unknown): void => {
    const attempt = this.leave();
    if (attempt) this.ends.failed(attempt, error);
  };

  private leave(): Attempt | undefined {
    const { attempt } = this;
    this.attempt = undefined;
    this.idle.push(this);
    return attempt;
  }
}
