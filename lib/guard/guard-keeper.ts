import type { GuardOptions } from '../definition/module-options.js';
import { ancestors, groupLeader } from '../host/ancestry.js';
import { nameOf, type Gate, type GateKeeper, type Pass, type UnitId } from '../supervision/ports.js';
import type { Guard } from './guard.js';
import type { GuardedApp } from './make-guard.js';
import { whenToGuard, whyOffAnyway, type Decision, type Origin } from './when-to-guard.js';

/** The guard, as the app has it: whether it is on is known at once, and what it is made of is loaded only where it is. */
export class GuardKeeper implements GateKeeper {
  private decision: (Decision & { readonly origin?: Origin }) | undefined;
  private guard: Guard | undefined;
  private isClosing = false;

  constructor(
    private readonly options: GuardOptions,
    private readonly app: GuardedApp,
  ) {}

  /** One debug line says why, the first time. */
  get isOn(): boolean {
    if (this.decision === undefined) {
      this.decision = this.decide();
      const { on, because } = this.decision;
      this.app.logger.debug(`the development guard is ${on ? 'on' : 'off'}: ${because}`);
    }
    return this.decision.on;
  }

  gateOf(unit: UnitId): Gate | undefined {
    return this.isOn ? { on: 'guard', enter: (signal, tell) => this.enter(nameOf(unit), signal, tell) } : undefined;
  }

  async start(): Promise<void> {
    if (!this.isOn) return;
    const { makeGuard } = await import('./make-guard.js');
    if (this.isClosing) return;
    this.guard = makeGuard(this.options, this.app, this.decision?.origin ?? originOf());
    await this.guard.start(this.app.named());
  }

  beginClose(): void {
    this.isClosing = true;
    this.guard?.beginClose();
  }

  endClose(): void {
    this.guard?.endClose();
  }

  /** Where no worker is enabled nobody has started it: what is started by hand there passes. */
  private async enter(name: string, signal: AbortSignal, tell: (detail: string) => void): Promise<Pass> {
    if (this.guard) return await this.guard.enter(name, signal, tell);
    return { signal: new AbortController().signal, leave: () => undefined };
  }

  /** The environment first: in production nothing else is read. */
  private decide(): Decision & { readonly origin?: Origin } {
    const { mode = 'auto' } = this.options;
    const because = mode === 'off' ? "guard: 'off'" : mode === 'auto' ? whyOffAnyway(process.env) : undefined;
    if (because !== undefined) return { on: false, because };
    const origin = originOf();
    return { ...whenToGuard(mode, origin), origin };
  }
}

const originOf = (): Origin => ({
  env: process.env,
  self: [process.argv0, ...process.execArgv, ...process.argv.slice(1)].join(' '),
  ancestors: ancestors(),
  leader: groupLeader(),
});
