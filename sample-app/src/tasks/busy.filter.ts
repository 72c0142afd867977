import { Catch, ServiceUnavailableException, type ArgumentsHost } from '@nestjs/common';
import { BaseExceptionFilter } from '@nestjs/core';
import { BackgroundWorkerError } from 'nestjs-background-worker';
import type { ServerResponse } from 'node:http';

const busy: readonly string[] = ['BGW_QUEUE_FULL', 'BGW_SHUTTING_DOWN'];

/** What the pool refuses is 503, and worth another try. */
@Catch(BackgroundWorkerError)
export class BusyFilter extends BaseExceptionFilter<BackgroundWorkerError> {
  override catch(error: BackgroundWorkerError, host: ArgumentsHost): void {
    if (!busy.includes(error.code)) return super.catch(error, host);
    host.switchToHttp().getResponse<ServerResponse>().setHeader('retry-after', '1');
    super.catch(new ServiceUnavailableException(error.message) as never, host);
  }
}
