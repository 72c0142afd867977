import { BadRequestException, Body, Controller, Get, HttpCode, Param, Post } from '@nestjs/common';
import { parseUrl } from '../monitors/new-monitor.js';
import { accepted, type Accepted } from '../tasks/accepted.js';
import { FetchesService, type Fetched } from './fetches.service.js';

const most = 1_000;

@Controller('fetches')
export class FetchesController {
  constructor(private readonly fetches: FetchesService) {}

  @Post()
  @HttpCode(202)
  begin(@Body() body: unknown): Accepted {
    const { urls } = (body ?? {}) as { urls?: unknown };
    if (!Array.isArray(urls) || urls.length === 0 || urls.length > most)
      throw new BadRequestException(`allowed is {"urls":["https://nestjs.com"]}, 1 to ${most} of them`);
    return accepted(this.fetches.begin(urls.map((url, index) => parseUrl(url, `urls[${index}]`))));
  }

  @Get(':task')
  fetched(@Param('task') task: string): readonly Fetched[] {
    return this.fetches.of(task);
  }
}
