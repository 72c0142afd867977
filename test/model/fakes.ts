import { deferred } from '../../lib/shared/deferred.js';
import { WorkerAborted, type AbortWhy } from '../../lib/shared/errors.js';
import type { Body, Gate, LiveBody, Outcome, Pass, Run } from '../../lib/supervision/ports.js';
import { must } from './law.js';

/** A body that does what the test says, and complains when a second one lives. */
export class FakeBody implements Body {
  /** The last one, alive or not. */
  last: FakeRun | undefined;
  runs = 0;

  constructor(private readonly onStart: (run: FakeRun) => void = () => undefined) {}

  get live(): FakeRun | undefined {
    return this.last && this.last.phase !== 'settled' ? this.last : undefined;
  }

  start(run: Run): LiveBody {
    must(this.live === undefined, 'at most one live body');
    this.runs += 1;
    this.last = new FakeRun(run);
    this.onStart(this.last);
    return this.last;
  }
}

export class FakeRun implements LiveBody {
  phase: 'running' | 'ended' | 'settled' = 'running';
  readonly asked: WorkerAborted[] = [];
  readonly cancelled: WorkerAborted[] = [];
  woken = 0;
  abandoned = 0;

  constructor(readonly run: Run) {}

  ask(reason: WorkerAborted): void {
    this.asked.push(reason);
  }

  cancel(reason: WorkerAborted): void {
    this.cancelled.push(reason);
  }

  abandon(): void {
    this.abandoned += 1;
  }

  wake(): void {
    this.woken += 1;
  }

  end(outcome: Outcome): void {
    this.phase = 'ended';
    this.run.report({ type: 'ended', outcome });
  }

  settle(outcome: Outcome): void {
    this.phase = 'settled';
    this.run.report({ type: 'settled', outcome });
  }
}

/** A gate that is won, failed and lost by hand; passes must be given back exactly once, and never under a live body. */
export class FakeGate implements Gate {
  /** Passes that are out. */
  out = 0;
  entries = 0;
  private attempt: { readonly signal: AbortSignal; readonly pass: ReturnType<typeof deferred<Pass>> } | undefined;
  private held: AbortController | undefined;

  constructor(
    readonly on: Gate['on'],
    private readonly isLive: () => boolean,
  ) {}

  get isEntering(): boolean {
    return this.attempt !== undefined && !this.attempt.signal.aborted;
  }

  get isHeld(): boolean {
    return this.held !== undefined && !this.held.signal.aborted;
  }

  enter(signal: AbortSignal): Promise<Pass> {
    must(!this.isLive(), 'no gate is entered while a body lives');
    must(!this.isEntering, 'a gate is entered once at a time');
    this.entries += 1;
    this.attempt = { signal, pass: deferred<Pass>() };
    return this.attempt.pass.promise;
  }

  /** Also after nobody wants to enter any more. */
  win(): void {
    const controller = new AbortController();
    let left = false;
    const leave = (): void => {
      must(!left, 'a pass is given back once');
      must(!this.isLive(), 'a pass is not given back while a body lives');
      left = true;
      this.out -= 1;
      if (this.held === controller) this.held = undefined;
    };
    const { attempt } = this;
    if (!attempt) return;
    this.attempt = undefined;
    this.out += 1;
    this.held = controller;
    attempt.pass.resolve({ signal: controller.signal, leave });
  }

  fail(error: unknown): void {
    const { attempt } = this;
    this.attempt = undefined;
    attempt?.pass.reject(error);
  }

  lose(why: AbortWhy): void {
    this.held?.abort(new WorkerAborted(why, this.on));
  }
}
