/** An app whose only route submits a task: what becomes of it under more requests than it can serve. */
import 'reflect-metadata';
import { Controller, Get, Inject, Module, Post, ServiceUnavailableException } from '@nestjs/common';
import {
  BackgroundTasks,
  BackgroundWorkerError,
  BackgroundWorkerModule,
  type TaskContext,
} from 'nestjs-background-worker';

export const POOL = { concurrency: 32, queue: 1_000 };
export const counts = { accepted: 0, refused: 0, done: 0, atOnce: 0 };
let open = 0;
/** What each task does. */
export const work = { of: (ctx: TaskContext): Promise<void> => ctx.sleep(20) };

@Controller()
export class FloodController {
  constructor(@Inject(BackgroundTasks) private readonly tasks: BackgroundTasks) {}

  /** What the requests alone cost. */
  @Get()
  nothing(): { id: string } {
    return { id: '' };
  }

  @Post()
  submit(): { id: string } {
    const payload = Buffer.alloc(1_024);
    try {
      const { id } = this.tasks.submit(async (ctx) => {
        counts.atOnce = Math.max(counts.atOnce, ++open);
        await work.of(ctx);
        counts.done += payload.length / 1_024;
        open -= 1;
      });
      counts.accepted += 1;
      return { id };
    } catch (error) {
      if (!(error instanceof BackgroundWorkerError) || error.code !== 'BGW_QUEUE_FULL') throw error;
      counts.refused += 1;
      throw new ServiceUnavailableException('try again later');
    }
  }
}

@Module({
  imports: [BackgroundWorkerModule.forRoot({ enabled: true, pool: POOL })],
  controllers: [FloodController],
})
export class FloodModule {}
