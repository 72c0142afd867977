import {
  Injectable,
  ServiceUnavailableException,
  type CallHandler,
  type ExecutionContext,
  type NestInterceptor,
} from '@nestjs/common';
import { BackgroundWorkerError } from 'nestjs-background-worker';
import type { ServerResponse } from 'node:http';
import { catchError, throwError, type Observable } from 'rxjs';

const busy: readonly string[] = ['BGW_QUEUE_FULL', 'BGW_SHUTTING_DOWN'];

export const isBusy = (error: unknown): error is BackgroundWorkerError =>
  error instanceof BackgroundWorkerError && busy.includes(error.code);

/** What the pool refuses is 503, and worth another try. */
@Injectable()
export class BusyInterceptor implements NestInterceptor {
  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    const refused = (error: unknown): Observable<never> => {
      if (!isBusy(error)) return throwError(() => error);
      context.switchToHttp().getResponse<ServerResponse>().setHeader('retry-after', '1');
      return throwError(() => new ServiceUnavailableException(error.message));
    };
    return next.handle().pipe(catchError(refused));
  }
}
