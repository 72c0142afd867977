import { Logger } from '@nestjs/common';
import { messageOf } from './errors.js';

type Line = [message: unknown, ...more: unknown[]];

/** For the library's own lines. The logger that the app has set may throw: then the line goes to stderr, and nothing else fails. */
export class OwnLogger extends Logger {
  override log(...line: Line): void {
    this.safely(line, () => super.log(...line));
  }

  override error(...line: Line): void {
    this.safely(line, () => super.error(...line));
  }

  override warn(...line: Line): void {
    this.safely(line, () => super.warn(...line));
  }

  override debug(...line: Line): void {
    this.safely(line, () => super.debug(...line));
  }

  override verbose(...line: Line): void {
    this.safely(line, () => super.verbose(...line));
  }

  private safely([message]: Line, write: () => void): void {
    try {
      write();
    } catch (error) {
      process.stderr.write(`[${this.context}] ${String(message)} (the logger threw: ${messageOf(error)})\n`);
    }
  }
}
