import type { GuardOptions } from '../definition/module-options.js';
import { nameOf, type Gate, type GateKeeper, type Pass, type UnitId } from '../supervision/ports.js';
import type { Guard } from './guard.js';
import type { BootedApp } from './make-guard.js';
import { decide } from './origin.js';
import type { Decision } from './when-to-guard.js';

/** The guard, as the app has it: whether it is on is known at once, and what it is made of is loaded only where it is. */
export class GuardKeeper implements GateKeeper {
  private decision: Decision | undefined;
  private guard: Guard | undefined;
  private started: Promise<void> | undefined;
  private isClosing = false;

  constructor(
    private readonly options: GuardOptions,
    private readonly app: BootedApp,
  ) {}

  /** One debug line says why, the first time. */
  get isOn(): boolean {
    if (this.decision === undefined) {
      this.decision = decide(this.options);
      const { on, because } = this.decision;
      const line = `the development guard is ${on ? 'on' : 'off'}: ${because}`;
      this.app.hub.note({ type: 'guardSaid', level: 'debug', line });
    }
    return this.decision.on;
  }

  gateOf(unit: UnitId): Gate | undefined {
    return this.isOn ? { on: 'guard', enter: (signal, tell) => this.enter(nameOf(unit), signal, tell) } : undefined;
  }

  /** Once, for all workers: those that run from the start, and those that are started by hand. */
  start(): Promise<void> {
    return (this.started ??= this.begin());
  }

  beginClose(): void {
    this.isClosing = true;
    this.guard?.beginClose();
  }

  endClose(): void {
    this.guard?.endClose();
  }

  private async begin(): Promise<void> {
    if (!this.isOn) return;
    const { makeGuard } = await import('./make-guard.js');
    if (this.isClosing) return;
    this.guard = makeGuard(this.options, this.app);
    await this.guard.start();
  }

  private async enter(name: string, signal: AbortSignal, tell: (detail: string) => void): Promise<Pass> {
    const started = this.start();
    // Bootstrap may wait longer than a worker that is asked to stop does.
    if (!this.guard) await started;
    if (this.guard) return await this.guard.enter(name, signal, tell);
    return { signal: new AbortController().signal, leave: () => undefined };
  }
}
