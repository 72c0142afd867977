import type { EventBody, EventType, WorkerEvent } from '../contract/events.js';
import { stackOf } from '../shared/errors.js';
import { OwnLogger } from '../shared/own-logger.js';
import type { Within } from '../shared/root-context.js';
import type { Clock } from '../shared/clock.js';
import type { Notice, NoticeOf, NoticeType } from './notices.js';

export type EventOf<T extends EventType> = WorkerEvent & { readonly type: T };
type Told = WorkerEvent | Notice;
type Listener = (told: Told) => void;

/** Whether anybody listens, kept up to date for those who ask too often to look it up. */
export interface Audience {
  readonly isThere: boolean;
}

/** Listeners by type. Nothing is built for a type that nobody listens to, and a listener that throws disturbs nobody. */
export class EventHub {
  /** Listeners to every event. */
  private any = 0;
  private readonly listeners = new Map<Told['type'] | '*', Set<Listener>>();

  private readonly audiences: { readonly types: readonly EventType[]; isThere: boolean }[] = [];

  /** @param within where listeners run: what they enter is in nobody's work */
  constructor(
    private readonly clock: Clock,
    private readonly onListenerError: (error: unknown) => void = sayThatAListenerThrew,
    private readonly within: Within = (fn, ...given) => fn(...given),
  ) {}

  /** @returns the end of the subscription */
  on<T extends EventType>(types: readonly T[], listener: (event: EventOf<T>) => void): () => void {
    const ends = types.map((type) => this.register(type, listener as Listener));
    return () => ends.forEach((end) => end());
  }

  onAny(listener: (event: WorkerEvent) => void): () => void {
    return this.register('*', listener as Listener);
  }

  onNotice<T extends NoticeType>(type: T, listener: (notice: NoticeOf<T>) => void): () => void {
    return this.register(type, listener as Listener);
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
    this.tell(event, this.listeners.get(body.type), this.listeners.get('*'));
  }

  /** For the log alone. */
  note(notice: Notice): void {
    this.tell(notice, this.listeners.get(notice.type));
  }

  private tell(told: Told, ...audiences: readonly (ReadonlySet<Listener> | undefined)[]): void {
    this.within(() => {
      for (const audience of audiences) audience?.forEach((listener) => this.call(listener, told));
    });
  }

  private register(type: Told['type'] | '*', listener: Listener): () => void {
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

  private call(listener: Listener, told: Told): void {
    try {
      listener(told);
    } catch (error) {
      this.onListenerError(error);
    }
  }
}

/** Not by the log, which is a listener itself. */
const sayThatAListenerThrew = (error: unknown): void =>
  new OwnLogger('BackgroundWorker').error('an event listener threw', stackOf(error));
