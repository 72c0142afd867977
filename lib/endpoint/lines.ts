import type { Socket } from 'node:net';

const MAX_LINE = 8_192;
const MAX_QUEUE = 64;

/** A line that is not what it should be ends the connection. */
export class Lines {
  private buffered = '';
  private readonly queue: string[] = [];
  private taker: ((line: string | undefined) => void) | undefined;
  private over = false;

  constructor(private readonly socket: Socket) {
    socket.setEncoding('utf8');
    socket.on('error', () => undefined);
    socket.on('data', (chunk: string) => this.take(chunk));
    socket.on('close', () => this.end());
  }

  /** @returns undefined once the connection has ended */
  next(): Promise<string | undefined> {
    const line = this.queue.shift();
    if (line !== undefined || this.over) return Promise.resolve(line);
    return new Promise((resolve) => (this.taker = resolve));
  }

  private take(chunk: string): void {
    const lines = (this.buffered + chunk).split('\n');
    this.buffered = lines.pop() ?? '';
    const tooLong = this.buffered.length > MAX_LINE || lines.some(({ length }) => length > MAX_LINE);
    if (tooLong || this.queue.length + lines.length > MAX_QUEUE) {
      this.socket.destroy();
      return;
    }
    for (const line of lines) {
      if (this.taker) this.give(line);
      else this.queue.push(line);
    }
  }

  private end(): void {
    this.over = true;
    this.give(undefined);
  }

  private give(line: string | undefined): void {
    const { taker } = this;
    this.taker = undefined;
    taker?.(line);
  }
}
