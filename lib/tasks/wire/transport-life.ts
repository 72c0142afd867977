import type { EventHub } from '../../events/event-hub.js';
import type { Clock } from '../../shared/clock.js';
import { deferred } from '../../shared/deferred.js';
import { inTime } from '../../shared/in-time.js';
import { nameOf, type TaskTransport } from './transport.js';

/** How long `close()` has at least, if there is so much, in milliseconds. */
const TO_CLOSE = 1_000;

/** The life of the transport within that of the app. Its ends come in order, and each is waited for as long as there is time. */
export class TransportLife {
  private stopping: Promise<void> = Promise.resolve();
  private readonly hurry = deferred();

  constructor(
    private readonly transport: TaskTransport,
    private readonly clock: Clock,
    private readonly hub: EventHub,
  ) {}

  /** The app has booted, and has handlers that run here. */
  consume(): void {
    void this.call('begin to take tasks', () => this.transport.consume?.());
  }

  /** The app stops. @returns when it has stopped, or the time is up */
  stop(deadline: number): Promise<void> {
    this.stopping = this.call('stop taking tasks', () => this.transport.stop?.());
    return this.within(deadline, this.stopping);
  }

  /** What is left of the time is the tasks' until then. */
  closesFrom(deadline: number): number {
    if (!this.transport.close) return deadline;
    return deadline - Math.min(TO_CLOSE, Math.max(0, deadline - this.clock.now()) / 2);
  }

  /** Everything has ended. */
  async close(deadline: number): Promise<void> {
    const now = this.clock.now();
    await this.within(now + Math.max(0, deadline - now) / 2, this.stopping, 'stop taking tasks');
    const closed = this.call('close', () => this.transport.close?.());
    await this.within(deadline, closed, 'close');
  }

  /** Nothing is waited for any more. */
  abandon(): void {
    this.hurry.resolve();
  }

  private async call(what: string, call: () => unknown): Promise<void> {
    try {
      await call();
    } catch (error) {
      this.hub.note({ type: 'transportFailed', what, error });
    }
  }

  /** @param complaint what the log says that it did not do in time */
  private async within(deadline: number, call: Promise<void>, complaint?: string): Promise<void> {
    const ms = Math.max(0, deadline - this.clock.now());
    const came = await inTime(this.clock, ms, (reached) => {
      void Promise.race([call, this.hurry.promise]).then(() => reached());
      return () => undefined;
    });
    if (!came && complaint)
      this.hub.note({ type: 'transportIsLate', transport: nameOf(this.transport), what: complaint });
  }
}
