import type { Lease } from '../contract/lease.js';
import { WorkerAborted } from '../shared/errors.js';
import type { MachineInput } from './machine/machine.js';
import type { Gate, Pass } from './ports.js';

/** Enters the gates one by one and gives back what was passed. */
export class Entrance {
  private passes: { readonly pass: Pass; readonly unwatch: () => void }[] = [];
  private attempt = new AbortController();

  constructor(
    private readonly gates: readonly Gate[],
    private readonly tell: (input: MachineInput) => void,
  ) {}

  /** Of the passes that are held, the last that has one. */
  get lease(): Lease | undefined {
    return this.passes.findLast(({ pass }) => pass.lease)?.pass.lease;
  }

  enter(index: number): void {
    const gate = this.gates[index];
    if (!gate) return;
    const { signal } = this.attempt;
    void this.tryGate(gate, signal).then(
      (pass) => (signal.aborted ? pass.leave() : this.passed(pass)),
      (error: unknown) => (signal.aborted ? undefined : this.tell({ type: 'gateFailed', error })),
    );
  }

  leave(): void {
    this.attempt.abort();
    this.attempt = new AbortController();
    for (const { pass, unwatch } of this.passes.splice(0).reverse()) {
      unwatch();
      pass.leave();
    }
  }

  private async tryGate(gate: Gate, signal: AbortSignal): Promise<Pass> {
    let entered = false;
    const tell = (detail: string): void => {
      if (!entered && !signal.aborted) this.tell({ type: 'gateTold', detail });
    };
    try {
      return await gate.enter(signal, tell);
    } finally {
      entered = true;
    }
  }

  private passed(pass: Pass): void {
    const lost = (): void => {
      const { reason } = pass.signal as { reason: unknown };
      this.tell({ type: 'gateLost', why: reason instanceof WorkerAborted ? reason.why : 'lease-lost' });
    };
    pass.signal.addEventListener('abort', lost, { once: true });
    this.passes.push({ pass, unwatch: () => pass.signal.removeEventListener('abort', lost) });
    this.tell({ type: 'gateWon' });
    if (pass.signal.aborted) lost();
  }
}
