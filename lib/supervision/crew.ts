import type { StopReport } from '../contract/worker-state.js';
import type { EventHub } from '../events/event-hub.js';
import type { Selection } from '../host/enabled.js';
import type { Clock } from '../shared/clock.js';
import type { Keepers } from './keepers.js';
import { startPhases, stopPhases } from './phases.js';
import type { Registry, RegistryEntry } from './registry.js';
import type { Stage } from './stage.js';

/** What a crew needs of its app. */
export interface CrewPorts {
  readonly registry: Registry;
  /** Which of them run in this process. */
  readonly selection: Selection;
  readonly keepers: Keepers;
  readonly stage: Stage;
  readonly clock: Clock;
  readonly hub: EventHub;
  /** Somebody has work that wants to be drained. */
  readonly onWork: () => void;
}

/** All workers of an app: started and stopped as one, phase by phase. */
export class Crew {
  constructor(private readonly ports: CrewPorts) {}

  /** Resolves when bootstrap may go on: their gates are kept, and the app is open. No body is waited for. */
  async start(onOpen: () => void): Promise<void> {
    const { registry, selection, stage, hub } = this.ports;
    await this.keep(registry.all);
    if (stage.isClosing) return;
    stage.open();
    onOpen();
    this.launch(registry.all);
    const off = registry.names.filter((name) => !selection.includes(name));
    const { because, hint } = selection;
    if (off.length > 0) hub.note({ type: 'notStarted', workers: off, because, hint });
  }

  /** One that was added at run time. */
  async join(entry: RegistryEntry): Promise<void> {
    await this.keep([entry]);
    this.launch([entry]);
  }

  stop(deadline: number): Promise<StopReport> {
    return stopPhases(this.ports.registry.units, this.ports.clock, deadline);
  }

  abandon(): void {
    for (const unit of this.ports.registry.units) unit.dispatch({ type: 'abandon' });
  }

  /** Where none of them runs here nobody keeps a gate. */
  private async keep(entries: readonly RegistryEntry[]): Promise<void> {
    const { selection, keepers } = this.ports;
    if (entries.some(({ name }) => selection.includes(name))) await keepers.start();
  }

  private launch(entries: readonly RegistryEntry[]): void {
    const { selection, stage, onWork } = this.ports;
    const off = entries.filter(({ name }) => !selection.includes(name));
    for (const { units } of off) for (const unit of units) unit.dispatch({ type: 'disable' });
    if (off.length < entries.length) onWork();
    const units = entries.flatMap((entry) => entry.units);
    void startPhases(units, () => stage.isClosing);
  }
}
