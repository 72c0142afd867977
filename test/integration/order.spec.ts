import {
  Controller,
  Get,
  Global,
  Inject,
  Injectable,
  Module,
  type BeforeApplicationShutdown,
  type DynamicModule,
  type OnApplicationBootstrap,
  type OnApplicationShutdown,
  type OnModuleDestroy,
  type OnModuleInit,
} from '@nestjs/common';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { BackgroundWorker, BackgroundWorkerModule, type TickContext, type WorkerContext } from '../../lib/index.js';
import { boot, get, kinds, Latch, until } from './support/app.js';

const places = ['before', 'after', 'global', 'root', 'feature'] as const;
type Place = (typeof places)[number];

/** An app with a database somewhere and two workers that need it, one with its ticks in flight. */
function appWith(place: Place) {
  const journal: string[] = [];
  const inFlight = new Latch();
  const release = new Latch();

  class Hooks
    implements OnModuleInit, OnApplicationBootstrap, OnModuleDestroy, BeforeApplicationShutdown, OnApplicationShutdown
  {
    protected readonly who: string = 'other';
    onModuleInit(): void {
      journal.push(`${this.who} init`);
    }
    async onApplicationBootstrap(): Promise<void> {
      await sleep(10);
      journal.push(`${this.who} bootstrap`);
    }
    async onModuleDestroy(): Promise<void> {
      journal.push(`${this.who} destroy`);
      await sleep(1);
    }
    beforeApplicationShutdown(): void {
      journal.push(`${this.who} before-shutdown`);
    }
    onApplicationShutdown(): void {
      journal.push(`${this.who} shutdown`);
    }
  }

  @Injectable()
  class Database extends Hooks {
    protected override readonly who = 'database';
    private open = false;
    override onModuleInit(): void {
      this.open = true;
      super.onModuleInit();
    }
    override async onModuleDestroy(): Promise<void> {
      this.open = false;
      await super.onModuleDestroy();
    }
    async query(): Promise<void> {
      await sleep(1);
      if (!this.open) throw new Error('the database is closed');
    }
  }

  @Injectable()
  class Other extends Hooks {}

  @BackgroundWorker({ every: 60_000, stopTimeout: 5_000 })
  class JobWorker {
    constructor(@Inject(Database) private readonly database: Database) {}
    async run({ signal }: TickContext): Promise<void> {
      journal.push('job runs');
      await this.database.query();
      inFlight.open();
      await release.opened;
      await this.database.query();
      journal.push(signal.aborted ? 'job cut' : 'job drained');
    }
  }

  @BackgroundWorker({ stopTimeout: 5_000 })
  class LoopWorker extends Hooks {
    protected override readonly who = 'loop worker';
    constructor(@Inject(Database) private readonly database: Database) {
      super();
    }
    async run(ctx: WorkerContext): Promise<void> {
      journal.push('loop runs');
      try {
        await ctx.sleep(60_000);
      } finally {
        await this.database.query();
        journal.push('loop drained');
      }
    }
  }

  @Controller()
  class HttpController extends Hooks {
    protected override readonly who = 'controller';
    @Get('release')
    release(): string {
      release.open();
      return 'released';
    }
  }

  @Module({ providers: [Database], exports: [Database] })
  class DatabaseModule {}
  @Global()
  @Module({ providers: [Database], exports: [Database] })
  class GlobalDatabaseModule {}
  @Module({ imports: [DatabaseModule, BackgroundWorkerModule], providers: [JobWorker, LoopWorker, Other] })
  class FeatureModule extends Hooks {
    protected override readonly who = 'feature';
  }
  class RootModule extends Hooks {
    protected override readonly who = 'root';
  }

  const background = BackgroundWorkerModule.forRoot({ enabled: true });
  const imports: Record<Place, NonNullable<DynamicModule['imports']>> = {
    before: [DatabaseModule, background],
    after: [background, DatabaseModule],
    global: [background, GlobalDatabaseModule],
    root: [background],
    feature: [background, FeatureModule],
  };
  const providers = place === 'feature' ? [Other] : [JobWorker, LoopWorker, Other];
  const module: DynamicModule = {
    module: RootModule,
    imports: imports[place],
    providers: place === 'root' ? [Database, ...providers] : providers,
    controllers: [HttpController],
  };
  return { module, journal, inFlight, release };
}

const indices = (journal: readonly string[], pattern: RegExp): number[] =>
  journal.flatMap((line, index) => (pattern.test(line) ? [index] : []));

describe.each(kinds)('order in an app of kind %s', (kind) => {
  it.each(places)('last up, first down, with the database %s', async (place) => {
    const { module, journal, inFlight, release } = appWith(place);
    const { app, url, workers } = await boot(module, kind);
    await inFlight.opened;
    await until('both run', () => workers.list().every(({ isAlive }) => isAlive) && journal.includes('loop runs'));
    const closed = app.close();
    await until('the drain', () => workers.get('job').state.status === 'stopping');

    expect(journal.filter((line) => line.endsWith('destroy'))).toEqual([]);
    if (kind === 'context') release.open();
    else expect(await (await get(`${url}/release`)).text()).toBe('released');
    await closed;

    const starts = indices(journal, / runs$/);
    const stops = indices(journal, / drained$/);
    const bootstraps = indices(journal, / bootstrap$/);
    const destroys = indices(journal, / (destroy|before-shutdown|shutdown)$/);
    expect(journal).not.toContain('job cut');
    expect(starts).toHaveLength(2);
    expect(stops).toHaveLength(2);
    expect(journal).toContain('database bootstrap');
    expect(journal).toContain('loop worker bootstrap');
    expect(bootstraps.length).toBeGreaterThanOrEqual(kind === 'context' ? 4 : 5);
    expect(destroys.length).toBe(bootstraps.length * 3);
    expect(Math.min(...starts)).toBeGreaterThan(Math.max(...bootstraps));
    expect(Math.max(...stops)).toBeLessThan(Math.min(...destroys));
  });
});
