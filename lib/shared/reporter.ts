import type { LoggerService } from '@nestjs/common';
import { stackOf } from './errors.js';

/** Calls what the app has given: that it throws or rejects is this line in the log, no more. */
export function report(logger: LoggerService, line: string, call: () => unknown): void {
  const failed = (thrown: unknown): void => void logger.error(line, stackOf(thrown));
  void (async () => await call())().catch(failed);
}
