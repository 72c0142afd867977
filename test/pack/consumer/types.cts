// The types as a CommonJS consumer sees them.
import library = require('nestjs-background-worker');

@library.BackgroundWorker({ every: 50 })
export class TypedWorker {
  run(ctx: library.TickContext): string {
    return ctx.name;
  }
}

// @ts-expect-error -- a class without run is no worker
@library.BackgroundWorker({ every: 50 })
export class NotAWorker {}
