import { Body, Controller, Get, HttpCode, Param, Post } from '@nestjs/common';
import { z } from 'zod';
import { allowed } from '../body/body.pipe.js';
import { httpUrl } from '../monitors/new-monitor.js';
import { accepted, type Accepted } from '../tasks/accepted.js';
import { FetchesService, type Fetched } from './fetches.service.js';

const most = 1_000;
const aList = allowed(`{"urls":["https://nestjs.com"]}, 1 to ${most} of them`);
const list = z.object({ urls: z.array(httpUrl, aList).min(1, aList).max(most, aList) }, aList);

@Controller('fetches')
export class FetchesController {
  constructor(private readonly fetches: FetchesService) {}

  @Post()
  @HttpCode(202)
  begin(@Body({ schema: list }) { urls }: z.output<typeof list>): Accepted {
    return accepted(this.fetches.begin(urls), 'fetches');
  }

  @Get(':task')
  fetched(@Param('task') task: string): readonly Fetched[] {
    return this.fetches.of(task);
  }
}
