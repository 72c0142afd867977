import { Controller, Get, NotFoundException, Param } from '@nestjs/common';
import { BackgroundTasks, type TaskStatus } from 'nestjs-background-worker';

@Controller('tasks')
export class TasksController {
  constructor(private readonly tasks: BackgroundTasks) {}

  @Get(':id')
  async status(@Param('id') id: string): Promise<TaskStatus> {
    const status = await this.tasks.status(id);
    if (!status) throw new NotFoundException('There is no such task, or it ended long ago');
    return status;
  }
}
