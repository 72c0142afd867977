import type { EventBody, EventType, WorkerEvent } from '../contract/events.js';
import type { Within } from '../shared/root-context.js';
import type { Clock } from '../shared/clock.js';

export type EventOf<T extends EventType> = WorkerEvent & { readonly type: T };
type Listener = (event: WorkerEvent) => void;

/** Whether anybody listens, kept up to date for those who ask too often to look it up. */
export interface Audience {
  readonly isThere: boolean;
}

/** Listeners by type. Nothing is built for a type that nobody listens to, and a listener that throws disturbs nobody. */
export class EventHub {
  /** Listeners to everything. */
  private any = 0;
  private readonly listeners = new Map<EventType | '*', Set<Listener>>();

  private readonly audiences: { readonly types: readonly EventType[]; isThere: boolean }[] = [];

  constructor(
    private readonly clock: Clock,
    private readonly onListenerError: (error: unknown) => void,
    /** Where listeners run: what they enter is in nobody's work. */
    private readonly within: Within = (fn, ...given) => fn(...given),
  ) {}

  /** @returns the end of the subscription */
  on<T extends EventType>(types: readonly T[], listener: (event: EventOf<T>) => void): () => void {
    const ends = types.map((type) => this.register(type, listener as Listener));
    return () => ends.forEach((end) => end());
  }

  onAny(listener: Listener): () => void {
    return this.register('*', listener);
  }

  /** Of at least one of these. */
  audience(types: readonly EventType[]): Audience {
    const audience = { types, isThere: types.some((type) => this.wants(type)) };
    this.audiences.push(audience);
    return audience;
  }

  wants(type: EventType): boolean {
    return this.any > 0 || this.listeners.has(type);
  }

  emit(about: { readonly worker?: string; readonly task?: string }, body: EventBody): void {
    if (!this.wants(body.type)) return;
    const event: WorkerEvent = { at: this.clock.wall(), ...about, ...body };
    this.within(() => {
      this.listeners.get(body.type)?.forEach((listener) => this.call(listener, event));
      this.listeners.get('*')?.forEach((listener) => this.call(listener, event));
    });
  }

  private register(type: EventType | '*', listener: Listener): () => void {
    const of = this.listeners.get(type) ?? new Set();
    this.listeners.set(type, of.add(listener));
    this.counted();
    return () => {
      of.delete(listener);
      if (of.size === 0 && this.listeners.get(type) === of) this.listeners.delete(type);
      this.counted();
    };
  }

  private counted(): void {
    this.any = this.listeners.get('*')?.size ?? 0;
    for (const audience of this.audiences) audience.isThere = audience.types.some((type) => this.wants(type));
  }

  private call(listener: Listener, event: WorkerEvent): void {
    try {
      listener(event);
    } catch (error) {
      this.onListenerError(error);
    }
  }
}
