import { Module } from '@nestjs/common';
import { ProbingModule } from '../probing/probing.module.js';
import { FetchesController } from './fetches.controller.js';
import { FetchesService } from './fetches.service.js';

@Module({
  imports: [ProbingModule],
  controllers: [FetchesController],
  providers: [FetchesService],
})
export class FetchingModule {}
