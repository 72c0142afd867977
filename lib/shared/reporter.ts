import type { LoggerService } from '@nestjs/common';
import { stackOf } from './errors.js';

/** Calls what the app has given to be told of failures: that it throws or rejects is a line in the log, no more. */
export function report(logger: LoggerService, what: string, call: () => unknown): void {
  const failed = (thrown: unknown): void => void logger.error(`${what} threw`, stackOf(thrown));
  void (async () => await call())().catch(failed);
}
