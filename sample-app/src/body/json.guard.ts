import { Injectable, UnsupportedMediaTypeException, type CanActivate, type ExecutionContext } from '@nestjs/common';
import type { IncomingMessage } from 'node:http';

/** `curl -d` says that it sends a form, unless it is told what it sends. */
@Injectable()
export class JsonGuard implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    const { 'content-type': type = 'application/json' } = context.switchToHttp().getRequest<IncomingMessage>().headers;
    if (!/^application\/json\b/i.test(type))
      throw new UnsupportedMediaTypeException('send content-type: application/json');
    return true;
  }
}
