import { Logger } from '@nestjs/common';

/** Nest's REPL shows itself by its logger alone. */
export const isRepl = (): boolean =>
  (Logger as unknown as { staticInstanceRef?: object }).staticInstanceRef?.constructor.name === 'ReplLogger';
