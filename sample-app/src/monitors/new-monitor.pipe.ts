import { Injectable, type PipeTransform } from '@nestjs/common';
import { type NewMonitor, parseNewMonitor } from './new-monitor.js';

@Injectable()
export class NewMonitorPipe implements PipeTransform<unknown, NewMonitor> {
  transform(body: unknown): NewMonitor {
    return parseNewMonitor(body);
  }
}
