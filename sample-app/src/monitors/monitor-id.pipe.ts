import { BadRequestException, Injectable, type PipeTransform } from '@nestjs/common';

const largestId = 2_147_483_647;

@Injectable()
export class MonitorIdPipe implements PipeTransform<string, number> {
  transform(value: string): number {
    if (!/^[1-9]\d*$/.test(value) || Number(value) > largestId) {
      throw new BadRequestException(`id is "${value}"; allowed is a whole number from 1 to ${largestId}`);
    }
    return Number(value);
  }
}
