import { Global, Inject, Injectable, Module, Scope, type DynamicModule, type Provider } from '@nestjs/common';
import { LazyModuleLoader } from '@nestjs/core';
import { Test } from '@nestjs/testing';
import { setImmediate as macrotask } from 'node:timers/promises';
import { beforeEach, describe, expect, it } from 'vitest';
import { BackgroundWorker, BackgroundWorkerModule, BackgroundWorkers, type WorkerContext } from '../../lib/index.js';
import { boot, bootWith, closing, Lines, rejection, rootWith, until } from './support/app.js';

const ran: string[] = [];
beforeEach(() => void ran.splice(0));

@BackgroundWorker()
class ProbeWorker {
  constructor(@Inject('WHO') readonly who: string = 'itself') {}
  async run(ctx: WorkerContext): Promise<void> {
    ran.push(`${this.who} as ${ctx.name}`);
    await ctx.sleep(60_000);
  }
}
const who: Provider = { provide: 'WHO', useValue: 'class' };

abstract class Port {
  abstract run(ctx: WorkerContext): Promise<void>;
}

const found: [how: string, providers: Provider[], as: string, by: string][] = [
  ['a class', [who, ProbeWorker], 'class as probe', 'ProbeWorker'],
  ['useClass under a token', [who, { provide: Port, useClass: ProbeWorker }], 'class as probe', 'Port'],
  ['useClass under a string', [who, { provide: 'PORT', useClass: ProbeWorker }], 'class as probe', 'ProbeWorker'],
  [
    'useFactory',
    [{ provide: 'PORT', useFactory: () => new ProbeWorker('factory') }],
    'factory as probe',
    'ProbeWorker',
  ],
  [
    'an asynchronous useFactory',
    [{ provide: 'PORT', useFactory: async () => (await macrotask(), new ProbeWorker('async')) }],
    'async as probe',
    'ProbeWorker',
  ],
  ['useValue', [{ provide: 'PORT', useValue: new ProbeWorker('value') }], 'value as probe', 'ProbeWorker'],
  [
    'useExisting beside the class',
    [who, ProbeWorker, { provide: 'ALIAS', useExisting: ProbeWorker }, { provide: Port, useExisting: 'ALIAS' }],
    'class as probe',
    'Port',
  ],
];
const classes = { ProbeWorker, Port: Port as never } as const;

describe('a worker is found', () => {
  it.each(found)('as %s, once', async (_how, providers, as, by) => {
    const { workers, handle } = await bootWith(providers);
    await until('it runs', () => ran.length > 0);
    expect(ran).toEqual([as]);
    expect(workers.list()).toHaveLength(1);
    expect(handle()).toBe(workers.get('probe'));
    expect(workers.get(classes[by as keyof typeof classes])).toBe(handle());
  });

  it('as a subclass, by inherited or own options', async () => {
    class InheritingWorker extends ProbeWorker {}
    @BackgroundWorker({ name: 'own', autoStart: false })
    class OwnWorker extends ProbeWorker {}
    const { workers } = await bootWith([who, ProbeWorker, InheritingWorker, OwnWorker]);
    await until('both run', () => ran.length === 2);
    expect(ran.toSorted()).toEqual(['class as inheriting', 'class as probe']);
    expect(workers.get(OwnWorker).state.status).toBe('idle');
    expect(workers.get(ProbeWorker).name).toBe('probe');
  });

  it('in global, dynamic and deeply nested modules', async () => {
    @Global()
    @Module({ providers: [who], exports: [who] })
    class GlobalModule {}
    class DynamicallyModule {}
    const nested: DynamicModule = { module: DynamicallyModule, providers: [ProbeWorker] };
    @Module({ imports: [nested] })
    class OuterModule {}
    await bootWith([], {}, { imports: [GlobalModule, OuterModule] });
    await until('it runs', () => ran.length === 1);
  });

  it('once where a module that exports it is imported twice', async () => {
    @Module({ providers: [who, ProbeWorker], exports: [ProbeWorker] })
    class SharedModule {}
    @Module({ imports: [SharedModule], exports: [SharedModule] })
    class AnotherModule {}
    const { workers } = await bootWith([], {}, { imports: [SharedModule, AnotherModule] });
    expect(workers.list()).toHaveLength(1);
  });

  it('not as a controller, a plain value or an undecorated class', async () => {
    class Plain {
      run(): void {}
    }
    const providers = [Plain, { provide: 'NULL', useValue: null }, { provide: 'CLASS', useValue: ProbeWorker }];
    const { workers } = await bootWith(providers);
    expect(workers.list()).toEqual([]);
  });
});

describe('a coded error', () => {
  it('names both modules when one class is provided in two', async () => {
    @Module({ providers: [who, ProbeWorker] })
    class BillingModule {}
    @Module({ providers: [who, ProbeWorker] })
    class MailModule {}
    const error = await rejection(bootWith([], {}, { imports: [BillingModule, MailModule] }));
    expect(error.code).toBe('BGW_DUPLICATE_WORKER');
    expect(error.message).toContain('"probe"');
    expect(error.message).toMatch(/ProbeWorker in BillingModule and ProbeWorker in MailModule/);
  });

  it('names both classes when two have one name', async () => {
    @BackgroundWorker({ name: 'probe' })
    class OtherWorker extends ProbeWorker {}
    const error = await rejection(bootWith([who, ProbeWorker, OtherWorker]));
    expect(error.code).toBe('BGW_DUPLICATE_WORKER');
    expect(error.message).toContain('ProbeWorker');
    expect(error.message).toContain('OtherWorker');
  });

  @Injectable({ scope: Scope.REQUEST })
  class PerRequest {}
  @Injectable({ scope: Scope.TRANSIENT })
  class Transient {}
  class Dependent extends ProbeWorker {
    constructor(@Inject(PerRequest) _perRequest: PerRequest) {
      super();
    }
  }
  class OnTransient extends ProbeWorker {
    constructor(@Inject(Transient) _transient: Transient) {
      super();
    }
  }

  it.each<[string, Provider[]]>([
    ['request-scoped', [who, { provide: ProbeWorker, useClass: ProbeWorker, scope: Scope.REQUEST }]],
    ['transient-scoped', [who, { provide: ProbeWorker, useClass: ProbeWorker, scope: Scope.TRANSIENT }]],
    ['request-scoped under a token', [who, { provide: 'PORT', useClass: ProbeWorker, scope: Scope.REQUEST }]],
    ['dependent on something request-scoped', [PerRequest, Dependent]],
  ])('refuses a worker that is %s', async (_how, providers) => {
    const error = await rejection(bootWith(providers));
    expect(error.code).toBe('BGW_SCOPED_WORKER');
    expect(error.message).toMatch(/^(ProbeWorker|Dependent) is .*ctx\.resolve\(\)/);
  });

  it('does not refuse one that depends on something transient-scoped', async () => {
    const { handle } = await bootWith([Transient, OnTransient]);
    expect(handle().isAlive).toBe(true);
  });
});

async function overridden(value: object) {
  const lines = new Lines();
  const testing = Test.createTestingModule({ imports: [rootWith([who, ProbeWorker])] }).setLogger(lines);
  const app = closing(await testing.overrideProvider(ProbeWorker).useValue(value).compile());
  await app.init();
  return { workers: app.get(BackgroundWorkers, { strict: false }), lines };
}

describe('overridden and lazy', () => {
  it('overrideProvider with a run() runs that, under the same name', async () => {
    const fake = {
      async run(ctx: WorkerContext): Promise<void> {
        ran.push(`fake as ${ctx.name}`);
        await ctx.sleep(60_000);
      },
    };
    const { workers } = await overridden(fake);
    await until('it runs', () => ran.length > 0);
    expect(ran).toEqual(['fake as probe']);
    expect(workers.get(ProbeWorker).name).toBe('probe');
  });

  it('overrideProvider without a run() is no worker, and a debug line says so', async () => {
    const { workers, lines } = await overridden({ notRun: true });
    expect(workers.list()).toEqual([]);
    expect(lines.of('debug')).toContainEqual(expect.stringMatching(/ProbeWorker.*without run\(\)/));
    expect(lines.of('warn', 'error')).toEqual([]);
  });

  it('names the workers of a lazily loaded module in a warning, once', async () => {
    @BackgroundWorker()
    class LateWorker extends ProbeWorker {}
    @Module({ providers: [who, LateWorker], imports: [BackgroundWorkerModule] })
    class LazyModule {}
    const { app, workers, lines } = await boot(rootWith([who, ProbeWorker]));
    const loader = app.get(LazyModuleLoader, { strict: false });
    const loaded = await loader.load(() => LazyModule);
    await loader.load(() => LazyModule);
    expect(loaded.get(LateWorker)).toBeInstanceOf(LateWorker);
    expect(lines.of('warn')).toEqual([expect.stringMatching(/LateWorker.*LazyModule.*not started/)]);
    expect(workers.list().map(({ name }) => name)).toEqual(['probe']);
    expect(ran).toEqual(['class as probe']);
  });
});
