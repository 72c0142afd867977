/** A fake adapter for each seam: it uses nothing but what the package and its entry for adapters export. */
import { Inject, Injectable, Module } from '@nestjs/common';
import {
  EventHub,
  WORKER_HOST,
  WorkerAborted,
  type GateKeeper,
  type Pass,
  type UnitId,
  type WorkerHost,
} from 'nestjs-background-worker/adapter';
import { describe, expect, it } from 'vitest';
import {
  BackgroundWorker,
  BackgroundWorkers,
  type Lease,
  type TickContext,
  type WorkerContext,
  type WorkerEvent,
} from 'nestjs-background-worker';
import { boot, bootWith, rejection, rootWith, until } from './support/app.js';

const lease: Lease = { name: 'seat', fence: 7n, assertValid: () => undefined };

/** Lets in by hand. */
@Injectable()
class FakeKeeper implements GateKeeper {
  readonly log: string[] = [];
  readonly asked: UnitId[] = [];
  readonly lost = new AbortController();
  private admit: (pass: Pass) => void = () => undefined;

  constructor(@Inject(WORKER_HOST) host: WorkerHost) {
    host.keep(this);
  }

  gateOf(unit: UnitId): ReturnType<GateKeeper['gateOf']> {
    this.asked.push(unit);
    if (unit.worker === 'free') return undefined;
    return {
      on: 'lease',
      enter: (_signal, tell) => {
        tell('pid 4711 (src/main.ts)');
        return new Promise((resolve) => (this.admit = resolve));
      },
    };
  }

  async start(): Promise<void> {
    this.log.push('start');
    await Promise.resolve();
    this.log.push('started');
  }

  beginClose(): void {
    this.log.push('beginClose');
  }

  endClose(): void {
    this.log.push('endClose');
  }

  open(): void {
    this.admit({ signal: this.lost.signal, lease, leave: () => void this.log.push('left') });
  }
}

@BackgroundWorker()
class SeatedWorker {
  readonly leases: unknown[] = [];

  async run(ctx: WorkerContext): Promise<void> {
    this.leases.push(ctx.lease);
    await ctx.sleep(3_600_000);
  }
}

@BackgroundWorker({ every: 3_600_000 })
class SeatedTickWorker {
  readonly leases: unknown[] = [];

  run(ctx: TickContext): void {
    this.leases.push(ctx.lease);
  }
}

@BackgroundWorker({ name: 'free', critical: true })
class FreeWorker {
  async run(ctx: WorkerContext): Promise<void> {
    await ctx.sleep(3_600_000);
  }
}

describe('a keeper of gates', () => {
  it('is awaited by bootstrap, keeps one worker waiting and not the other, and says for whom it waits', async () => {
    const { app, handle, lines } = await bootWith([FakeKeeper, SeatedWorker, FreeWorker]);
    const keeper = app.get(FakeKeeper);
    expect(keeper.log).toEqual(['start', 'started']);
    expect(keeper.asked).toEqual([
      { worker: 'seated', part: undefined },
      { worker: 'free', part: undefined },
    ]);
    expect(handle('free').state.status).toBe('running');
    expect(handle('seated').state).toMatchObject({ status: 'waiting', on: 'lease', detail: 'pid 4711 (src/main.ts)' });
    expect(lines.of()).toContain('seated waits for the lease: pid 4711 (src/main.ts)');
    keeper.open();
    await until('it runs', () => handle('seated').state.status === 'running');
    await app.close();
    expect(keeper.log).toEqual(['start', 'started', 'beginClose', 'left', 'endClose']);
  });

  for (const worker of [SeatedWorker, SeatedTickWorker])
    it(`hands a lease to ${worker.name}`, async () => {
      const { app } = await bootWith([FakeKeeper, worker]);
      app.get(FakeKeeper).open();
      await until('it ran', () => app.get<{ leases: unknown[] }>(worker).leases.length === 1);
      expect(app.get<{ leases: unknown[] }>(worker).leases).toEqual([lease]);
    });

  it('takes the pass back', async () => {
    const { app, handle } = await bootWith([FakeKeeper, SeatedWorker]);
    const keeper = app.get(FakeKeeper);
    keeper.open();
    await until('it runs', () => handle().state.status === 'running');
    keeper.lost.abort(new WorkerAborted('lease-lost', 'seat'));
    await until('it waits again', () => handle().state.status === 'waiting');
    expect(handle().state).toMatchObject({ on: 'lease', failures: 0 });
  });

  it('is not started where no worker is enabled', async () => {
    const { app, workers } = await bootWith([FakeKeeper, SeatedWorker], { enabled: false });
    expect(app.get(FakeKeeper).log).toEqual([]);
    expect(workers.get('seated').state).toMatchObject({ status: 'stopped', reason: 'disabled' });
  });

  it('fails the boot where it cannot start, and is told to close', async () => {
    const log: string[] = [];
    class BrokenKeeper extends FakeKeeper {
      override start(): Promise<void> {
        return Promise.reject(new Error('no table'));
      }
      override beginClose(): void {
        log.push('beginClose');
      }
      override endClose(): void {
        log.push('endClose');
      }
    }
    Inject(WORKER_HOST)(BrokenKeeper, undefined, 0);
    const error = await rejection(boot(rootWith([BrokenKeeper, SeatedWorker])));
    expect(error.message).toBe('no table');
    expect(log).toEqual(['beginClose', 'endClose']);
  });

  it('that comes when the workers are made is refused', async () => {
    const { app } = await bootWith([SeatedWorker]);
    const host = app.get<WorkerHost>(WORKER_HOST, { strict: false });
    expect(() => host.keep({} as GateKeeper)).toThrow(/call it in a constructor \[BGW_TOO_LATE\]/);
  });
});

describe('an observer', () => {
  it('is told by type, and costs the other types nothing', async () => {
    @Injectable()
    class Observer {
      readonly seen: WorkerEvent[] = [];

      constructor(@Inject(EventHub) readonly hub: EventHub) {
        hub.on(['unitCompleted'], (event) => this.seen.push(event));
      }
    }
    const { app } = await bootWith([Observer, SeatedTickWorker]);
    const { hub, seen } = app.get(Observer);
    await until('a unit', () => seen.length > 0);
    expect(seen[0]).toMatchObject({ worker: 'seated-tick', type: 'unitCompleted' });
    const events = app.get(BackgroundWorkers).events$;
    expect(['unitStarted', 'taskQueued', 'taskStarted'].map((type) => hub.wants(type as 'unitStarted'))).toEqual([
      false,
      false,
      false,
    ]);
    const subscription = events.subscribe();
    expect(hub.wants('taskQueued')).toBe(true);
    subscription.unsubscribe();
    expect(hub.wants('taskQueued')).toBe(false);
  });

  it('sees which workers are critical, and which have stalled', async () => {
    @BackgroundWorker({ heartbeatTimeout: 20, backoff: { initial: 3_600_000, max: 3_600_000 } })
    class MuteWorker {
      static settle: () => void = () => undefined;

      async run(): Promise<void> {
        await new Promise<void>((resolve) => (MuteWorker.settle = resolve));
      }
    }
    const { app } = await bootWith([MuteWorker, FreeWorker]);
    const host = app.get<WorkerHost>(WORKER_HOST, { strict: false });
    const seen = (): unknown => host.units().map(({ name, critical, isStalled }) => ({ name, critical, isStalled }));
    expect(seen()).toEqual([
      { name: 'mute', critical: false, isStalled: false },
      { name: 'free', critical: true, isStalled: false },
    ]);
    await until('it has stalled', () => host.units()[0]?.isStalled === true);
    MuteWorker.settle();
    await until('it has settled', () => host.units()[0]?.isStalled === false);
  });
});

describe('an optional package', () => {
  const needing = (name: string, load: () => Promise<unknown>): [unknown, () => unknown] => {
    let get: () => unknown = () => undefined;
    @Module({})
    class NeedingModule {
      constructor(@Inject(WORKER_HOST) host: WorkerHost) {
        get = host.need({ subject: 'NeedingModule', option: 'cron', package: name, load });
      }
    }
    return [NeedingModule, () => get()];
  };

  it('is loaded before the bootstrap hooks', async () => {
    const [module, get] = needing('there', () => Promise.resolve('loaded'));
    await bootWith([], {}, { imports: [module as never] });
    expect(get()).toBe('loaded');
  });

  it('that is missing fails the boot with the line that installs it', async () => {
    const load = (): Promise<unknown> => import(/* @vite-ignore */ ['no-such', 'peer'].join('-'));
    const missing = Object.assign(new Error("Cannot find package 'no-such-peer' imported from x"), {
      code: 'ERR_MODULE_NOT_FOUND',
    });
    const [module] = needing('no-such-peer', () => load().catch(() => Promise.reject(missing)));
    const error = await rejection(bootWith([], {}, { imports: [module as never] }));
    expect(error).toMatchObject({
      code: 'BGW_MISSING_PEER',
      message:
        'NeedingModule: option "cron" needs the package no-such-peer, which is not installed: npm install no-such-peer [BGW_MISSING_PEER]',
    });
  });
});
