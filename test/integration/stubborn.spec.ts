import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { BackgroundWorker, type TickContext, type WorkerContext } from '../../lib/index.js';
import { bootWith, Latch, until } from './support/app.js';

const STOP_TIMEOUT = 600;
/** Ends the bodies once the test has seen enough of them. */
let over = new Latch();
let turns = 0;

/** Catches everything and tries again. */
async function swallow(attempt: () => Promise<unknown>): Promise<void> {
  while (!over.isOpen) {
    turns += 1;
    try {
      await attempt();
    } catch {
      // And on.
    }
  }
}

const options = { name: 'stubborn', stopTimeout: STOP_TIMEOUT, cancelGrace: 300 };

@BackgroundWorker(options)
class DeafLoop {
  async run(): Promise<void> {
    turns += 1;
    await over.opened;
  }
}
@BackgroundWorker({ ...options, every: 60_000 })
class DeafTick {
  async run(): Promise<void> {
    turns += 1;
    await over.opened;
  }
}
@BackgroundWorker(options)
class SleepingLoop {
  run(ctx: WorkerContext): Promise<void> {
    return swallow(() => ctx.sleep(5));
  }
}
@BackgroundWorker(options)
class TickingLoop {
  run(ctx: WorkerContext): Promise<void> {
    return swallow(async () => {
      for await (const _ of ctx.ticks(5)) turns += 1;
    });
  }
}
@BackgroundWorker(options)
class UnitLoop {
  run(ctx: WorkerContext): Promise<void> {
    return swallow(() => ctx.unitOfWork((unit) => unit.sleep(5)));
  }
}
@BackgroundWorker(options)
class SpawningLoop {
  run(ctx: WorkerContext): Promise<void> {
    return swallow(() => ctx.spawn((child) => child.sleep(5)));
  }
}
@BackgroundWorker(options)
class SleepingUnit {
  async run(ctx: WorkerContext): Promise<void> {
    await ctx.unitOfWork((unit) => swallow(() => unit.sleep(5)));
  }
}
@BackgroundWorker({ ...options, every: 60_000 })
class SleepingTick {
  run(ctx: TickContext): Promise<void> {
    return swallow(() => ctx.sleep(5));
  }
}
@BackgroundWorker(options)
class EndlessGenerator {
  async *run(ctx: WorkerContext): AsyncGenerator<void> {
    await swallow(() => ctx.sleep(5));
    yield;
  }
}
/** Ends its tries, but goes on in `finally` for ever. */
@BackgroundWorker(options)
class EndlessCleanup {
  async run(ctx: WorkerContext): Promise<void> {
    turns += 1;
    try {
      await ctx.sleep(60_000);
    } finally {
      await swallow(() => ctx.sleep(5));
    }
  }
}

const bodies = [
  DeafLoop,
  DeafTick,
  SleepingLoop,
  TickingLoop,
  UnitLoop,
  SpawningLoop,
  SleepingUnit,
  SleepingTick,
  EndlessGenerator,
  EndlessCleanup,
];

describe('a body that will not stop', () => {
  it.each(bodies.map((body) => [body.name, body] as const))(
    '%s: close() is in time, names it, and the process does not spin',
    async (_name, body) => {
      over = new Latch();
      turns = 0;
      const { app, handle, lines } = await bootWith([body]);
      await until('it runs', () => turns > 0 && handle().state.status === 'running');
      turns = 0;
      const cpu = process.cpuUsage();
      const begun = performance.now();
      let beats = 0;
      const beat = setInterval(() => (beats += 1), 20);
      await app.close();
      const took = performance.now() - begun;
      const { user, system } = process.cpuUsage(cpu);
      clearInterval(beat);
      const turnsWhileStopping = turns;
      over.open();

      expect(took).toBeGreaterThan(STOP_TIMEOUT - 50);
      expect(took).toBeLessThan(STOP_TIMEOUT + 1_000);
      expect(lines.one(/^stopped after/)).toMatch(/abandoned, still running: stubborn$/);
      expect(lines.of('error')).toContain('stubborn did not stop in time and was abandoned');
      expect(handle().state).toMatchObject({ status: 'stopped', reason: 'shutdown', abandoned: true });
      // Timers fired meanwhile, and it had next to nothing to do.
      expect(beats).toBeGreaterThan(STOP_TIMEOUT / 20 / 4);
      const units = body === SleepingUnit || body === SleepingTick;
      expect(turnsWhileStopping).toBeLessThan(units ? 200 : 40);
      expect((user + system) / 1_000).toBeLessThan(took / 2);
      await until('it settled late', () => lines.of('warn').some((text) => text.includes('has settled at last')));
    },
  );

  it('after stop() nothing new of it begins, and start() waits for the abandoned body', async () => {
    over = new Latch();
    let living = 0;
    @BackgroundWorker({ name: 'deaf', stopTimeout: 30 })
    class Deaf {
      async run(): Promise<void> {
        living += 1;
        if (living === 1) await over.opened;
        else await delay(50);
        living -= 1;
      }
    }
    const { handle } = await bootWith([Deaf]);
    expect(await handle().stop()).toMatchObject({ stopped: [], abandoned: ['deaf'] });
    expect(handle().state).toMatchObject({ status: 'stopped', abandoned: true });
    await handle().start();
    expect(handle().state).toMatchObject({ status: 'waiting', on: 'body' });
    expect(living).toBe(1);
    over.open();
    await until('the second incarnation', () => handle().state.incarnation === 2);
    expect(living).toBeLessThanOrEqual(1);
  });

  it('extendStop() gives more time, never past shutdownTimeout', async () => {
    const never = new Latch();
    let extend = 700;
    @BackgroundWorker({ stopTimeout: 100 })
    class SlowWorker {
      async run(ctx: WorkerContext): Promise<void> {
        try {
          await ctx.sleep(60_000);
        } finally {
          ctx.extendStop(extend);
          await (extend === 700 ? delay(400) : never.opened);
        }
      }
    }
    const patient = await bootWith([SlowWorker], { shutdownTimeout: 10_000 });
    await patient.app.close();
    expect(patient.handle().state).toMatchObject({ status: 'stopped', abandoned: false });

    extend = 60_000;
    const bounded = await bootWith([SlowWorker], { shutdownTimeout: 1_000 });
    const begun = performance.now();
    await bounded.app.close();
    never.open();
    expect(performance.now() - begun).toBeLessThan(1_900);
    expect(bounded.handle().state).toMatchObject({ status: 'stopped', abandoned: true });
  });
});
