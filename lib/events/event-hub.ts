import type { EventBody, EventType, WorkerEvent } from '../contract/events.js';
import type { Clock } from '../shared/clock.js';

export type EventOf<T extends EventType> = WorkerEvent & { readonly type: T };
type Listener = (event: WorkerEvent) => void;

/** Listeners by type. Nothing is built for a type that nobody listens to, and a listener that throws disturbs nobody. */
export class EventHub {
  /** Listeners to everything. */
  private any = 0;
  private readonly listeners = new Map<EventType | '*', Set<Listener>>();

  constructor(
    private readonly clock: Clock,
    private readonly onListenerError: (error: unknown) => void,
  ) {}

  /** @returns the end of the subscription */
  on<T extends EventType>(types: readonly T[], listener: (event: EventOf<T>) => void): () => void {
    const ends = types.map((type) => this.register(type, listener as Listener));
    return () => ends.forEach((end) => end());
  }

  onAny(listener: Listener): () => void {
    const end = this.register('*', listener);
    this.any = this.listeners.get('*')?.size ?? 0;
    return () => {
      end();
      this.any = this.listeners.get('*')?.size ?? 0;
    };
  }

  wants(type: EventType): boolean {
    return this.any > 0 || this.listeners.has(type);
  }

  emit(about: { readonly worker?: string; readonly task?: string }, body: EventBody): void {
    if (!this.wants(body.type)) return;
    const event: WorkerEvent = { at: this.clock.wall(), ...about, ...body };
    this.listeners.get(body.type)?.forEach((listener) => this.call(listener, event));
    this.listeners.get('*')?.forEach((listener) => this.call(listener, event));
  }

  private register(type: EventType | '*', listener: Listener): () => void {
    const of = this.listeners.get(type) ?? new Set();
    this.listeners.set(type, of.add(listener));
    return () => {
      of.delete(listener);
      if (of.size === 0 && this.listeners.get(type) === of) this.listeners.delete(type);
    };
  }

  private call(listener: Listener, event: WorkerEvent): void {
    try {
      listener(event);
    } catch (error) {
      this.onListenerError(error);
    }
  }
}
