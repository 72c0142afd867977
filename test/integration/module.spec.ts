import { Injectable, Module, type DynamicModule, type Type } from '@nestjs/common';
import { describe, expect, it } from 'vitest';
import {
  BackgroundWorker,
  BackgroundWorkerModule,
  BackgroundWorkers,
  type BackgroundWorkerModuleOptions,
  type BackgroundWorkerOptionsFactory,
  type TickContext,
  type WorkerContext,
} from '../../lib/index.js';
import { boot, createHttp, rejection, rootWith, until } from './support/app.js';

@BackgroundWorker({ backoff: { initial: 5 } })
class ProbeWorker {
  async run(ctx: WorkerContext): Promise<void> {
    await ctx.sleep(60_000);
  }
}

@Injectable()
class Settings implements BackgroundWorkerOptionsFactory {
  createBackgroundWorkerOptions(): BackgroundWorkerModuleOptions {
    return { enabled: true, workers: { probe: { autoStart: false } } };
  }
}
@Module({ providers: [Settings, { provide: 'ENABLED', useValue: true }], exports: [Settings, 'ENABLED'] })
class SettingsModule {}

@Module({ imports: [BackgroundWorkerModule], providers: [ProbeWorker] })
class FeatureModule {}

class RootModule {}
const root = (imports: NonNullable<DynamicModule['imports']>): DynamicModule => ({ module: RootModule, imports });

describe('the configuration', () => {
  it('is shared by bare imports anywhere beside one forRoot, before or after it', async () => {
    const configured = BackgroundWorkerModule.forRoot({ enabled: true, workers: { probe: { autoStart: false } } });
    for (const imports of [
      [FeatureModule, configured, BackgroundWorkerModule],
      [configured, FeatureModule],
    ]) {
      const { handle, workers, app } = await boot(root(imports));
      expect(workers.list()).toHaveLength(1);
      expect(handle().state.status).toBe('idle');
      await handle().start();
      expect(handle().state.status).toBe('running');
      await app.close();
      expect(handle().state).toMatchObject({ status: 'stopped', reason: 'shutdown' });
    }
  });

  it('of bare imports alone is forRoot({}), and BackgroundWorkers can be injected anywhere', async () => {
    @Injectable()
    class Elsewhere {
      constructor(readonly workers: BackgroundWorkers) {}
    }
    @Module({ providers: [Elsewhere] })
    class ElsewhereModule {}
    const { app, handle, workers } = await boot(root([FeatureModule, ElsewhereModule]));
    expect(app.get(Elsewhere, { strict: false }).workers).toBe(workers);
    // The test-runner default of forRoot({}).
    expect(handle().state).toMatchObject({ status: 'stopped', reason: 'disabled' });
  });

  it('of forRoot() without arguments boots, too', async () => {
    const { handle } = await boot(root([BackgroundWorkerModule.forRoot(), FeatureModule]));
    expect(handle().state).toMatchObject({ status: 'stopped', reason: 'disabled' });
  });

  it('given twice is a coded error that names both importers', async () => {
    @Module({ imports: [BackgroundWorkerModule.forRoot({ shutdownTimeout: 1 })] })
    class BillingModule {}
    @Module({ imports: [BackgroundWorkerModule.forRootAsync({ useFactory: () => ({ shutdownTimeout: 2 }) })] })
    class MailModule {}
    const error = await rejection(boot(root([BillingModule, MailModule])));
    expect(error.code).toBe('BGW_TWO_CONFIGURATIONS');
    expect(error.message).toContain('BillingModule');
    expect(error.message).toContain('MailModule');

    const inRoot = await rejection(boot(rootWith([], {}, { imports: [BillingModule] })));
    expect(inRoot.code).toBe('BGW_TWO_CONFIGURATIONS');
    expect(inRoot.message).toContain('BillingModule');
    expect(inRoot.message).toContain('RootModule');
  });

  it('given twice with the same options, as Nest cannot tell from one, is one', async () => {
    const configured = BackgroundWorkerModule.forRoot({ enabled: true });
    @Module({ imports: [configured], providers: [ProbeWorker] })
    class BillingModule {}
    const { handle } = await boot(root([BillingModule, configured]));
    expect(handle().state.status).toBe('running');
  });

  it.each([
    ['useFactory', { useFactory: () => Promise.resolve(new Settings().createBackgroundWorkerOptions()) }],
    [
      'useFactory and inject',
      {
        imports: [SettingsModule],
        inject: [Settings, 'ENABLED'],
        useFactory: (settings: Settings, enabled: boolean) => ({
          ...settings.createBackgroundWorkerOptions(),
          enabled,
        }),
      },
    ],
    ['useClass', { useClass: Settings }],
    ['useExisting', { imports: [SettingsModule], useExisting: Settings }],
  ])('comes from forRootAsync with %s', async (_how, options) => {
    const { handle } = await boot(root([FeatureModule, BackgroundWorkerModule.forRootAsync(options)]));
    expect(handle().state.status).toBe('idle');
    await handle().start();
    expect(handle().isAlive).toBe(true);
  });

  it('that is bad makes the app fail to boot, with a coded error', async () => {
    const bad = { useFactory: () => ({ shutdownTimeout: 'long' }) as unknown as BackgroundWorkerModuleOptions };
    const error = await rejection(boot(root([BackgroundWorkerModule.forRootAsync(bad)])));
    expect(error.code).toBe('BGW_INVALID_OPTION');
    expect(error.message).toMatch(/BackgroundWorkerModule.*shutdownTimeout.*'long'/);
  });
});

describe('options by worker name', () => {
  it('win over the decorator, which wins over defaults', async () => {
    let ticks = 0;
    @BackgroundWorker({ every: 60_000, stopTimeout: 2_000 })
    class TickWorker {
      run(_ctx: TickContext): void {
        ticks += 1;
      }
    }
    const module = rootWith([TickWorker, ProbeWorker], {
      defaults: { stopTimeout: 1, maxFailures: 1 },
      workers: { tick: { every: 20 }, probe: { backoff: { initial: 7 } } },
    });
    const { workers } = await boot(module);
    await until('the faster schedule', () => ticks > 2);
    expect(workers.get('tick').state.failures).toBe(0);
  });

  it('reject names that no worker has, and list those there are', async () => {
    const error = await rejection(boot(rootWith([ProbeWorker], { workers: { prob: { phase: 1 } } })));
    expect(error.code).toBe('BGW_UNKNOWN_WORKER');
    expect(error.message).toContain('"prob"');
    expect(error.message).toMatch(/there are: probe/);
  });

  it('are validated as the decorator is, naming class and option', async () => {
    const workers = { probe: { stopTimeout: -1 } };
    const error = await rejection(boot(rootWith([ProbeWorker], { workers })));
    expect(error.code).toBe('BGW_INVALID_OPTION');
    expect(error.message).toMatch(/ProbeWorker.*stopTimeout.*-1.*milliseconds/);
  });
});

describe('two apps in one process', () => {
  it('have their own workers', async () => {
    const types: Type<unknown>[] = [ProbeWorker];
    const [one, two] = [await boot(rootWith(types)), await boot(rootWith(types))];
    expect(one.handle()).not.toBe(two.handle());
    await one.app.close();
    expect(two.handle().state.status).toBe('running');
    const http = await createHttp(rootWith(types));
    expect(http.get(BackgroundWorkers).get(ProbeWorker).state.status).toBe('idle');
  });
});
