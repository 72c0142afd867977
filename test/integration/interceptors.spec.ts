import { Injectable, Module } from '@nestjs/common';
import { AsyncLocalStorage } from 'node:async_hooks';
import { beforeEach, describe, expect, it } from 'vitest';
import {
  BackgroundWorker,
  type FailurePlace,
  type TickContext,
  type UnitInfo,
  type UnitInterceptor,
  type WorkerContext,
} from '../../lib/index.js';
import { bootWith, Latch, rejection, until } from './support/app.js';

const journal: string[] = [];
const store = new AsyncLocalStorage<string>();
beforeEach(() => void journal.splice(0));

class Recording implements UnitInterceptor {
  constructor(private readonly who: string) {}
  async around({ kind, name }: UnitInfo, next: () => Promise<unknown>): Promise<unknown> {
    journal.push(`${this.who} enters ${kind} of ${name}`);
    try {
      return await next();
    } finally {
      journal.push(`${this.who} leaves`);
    }
  }
}

/** Opens a store of its own for the unit. */
class Store implements UnitInterceptor {
  async around({ id }: UnitInfo, next: () => Promise<unknown>): Promise<unknown> {
    return await store.run(`of ${id}`, async () => {
      try {
        return await next();
      } finally {
        journal.push(`store on exit ${String(store.getStore() === `of ${id}`)}`);
      }
    });
  }
}

@BackgroundWorker({ name: 'job', every: { rate: 60_000, initialDelay: 50_000 } })
class TickWorker {
  run(ctx: TickContext): void {
    journal.push(`runs ${String(store.getStore() === `of ${ctx.id}`)}`);
  }
}

const onion = (kind: string, name: string, ...inside: string[]): string[] => [
  ...['first', 'by-class', 'by-name'].map((who) => `${who} enters ${kind} of ${name}`),
  ...inside,
  'store on exit true',
  ...['by-name', 'by-class', 'first'].map((who) => `${who} leaves`),
];

describe('unit interceptors', () => {
  it('are an onion, the first outermost, by instance or token, around ticks and units', async () => {
    @Injectable()
    class ByClass extends Recording {
      constructor() {
        super('by-class');
      }
    }
    @Module({ providers: [ByClass, { provide: 'BY_NAME', useValue: new Recording('by-name') }] })
    class InterceptorsModule {}
    @BackgroundWorker({ name: 'loop', autoStart: false })
    class LoopWorker {
      async run(ctx: WorkerContext): Promise<void> {
        journal.push(`answer ${await ctx.unitOfWork(() => 42)}`);
      }
    }
    const units = [new Recording('first'), ByClass, 'BY_NAME', new Store()];
    const { workers } = await bootWith([TickWorker, LoopWorker], { units }, { imports: [InterceptorsModule] });
    await workers.get('job').trigger();
    expect(journal.splice(0)).toEqual(onion('tick', 'job', 'runs true'));

    await workers.get('loop').start();
    await workers.get('loop').join();
    expect(journal).toEqual([...onion('unit', 'loop'), 'answer 42']);
  });

  it('are left in the unit’s own context when it fails or times out', async () => {
    const release = new Latch();
    let fail = true;
    @BackgroundWorker({ name: 'job', every: { rate: 60_000, initialDelay: 50_000 }, timeout: 20 })
    class FailingWorker {
      async run(): Promise<void> {
        if (fail) throw new Error('no');
        await release.opened;
      }
    }
    const { handle } = await bootWith([FailingWorker], { units: [new Recording('it'), new Store()] });
    expect((await rejection(handle().trigger())).message).toBe('no');
    expect(journal.splice(0)).toEqual(['it enters tick of job', 'store on exit true', 'it leaves']);

    fail = false;
    expect(await rejection(handle().trigger())).toMatchObject({ why: 'timeout' });
    expect(journal.splice(0)).toEqual(['it enters tick of job']);
    release.open();
    await until('it was left', () => journal.length === 2);
    expect(journal).toEqual(['store on exit true', 'it leaves']);
  });

  it('one that throws on exit fails the unit and leaves the others', async () => {
    const failures: FailurePlace[] = [];
    const throwing: UnitInterceptor = {
      around: async (_unit, next) => {
        await next();
        throw new Error('rollback failed');
      },
    };
    const { handle, lines } = await bootWith([TickWorker], {
      units: [new Recording('outer'), throwing, new Recording('inner')],
      onError: (_error, at) => failures.push(at),
    });
    expect((await rejection(handle().trigger())).message).toBe('rollback failed');
    expect(journal.filter((line) => line.endsWith('leaves'))).toEqual(['inner leaves', 'outer leaves']);
    expect(handle().state).toMatchObject({ status: 'waiting', on: 'schedule', failures: 1 });
    expect(failures).toHaveLength(1);
    expect(lines.one(/^job failed/)).toContain('rollback failed');
    expect((await rejection(handle().trigger())).message).toBe('rollback failed');
  });

  it('capture where the unit was submitted: its strings are in the headers', async () => {
    const caller = new AsyncLocalStorage<string>();
    const headers: unknown[] = [];
    const units: UnitInterceptor[] = [
      { capture: () => ({ trace: caller.getStore() ?? 'none' }), around: (_unit, next) => next() },
      { capture: () => undefined, around: (_unit, next) => next() },
      {
        capture: () => ({ tenant: 'x' }),
        around: (unit, next) => {
          headers.push(unit.headers, caller.getStore());
          return next();
        },
      },
    ];
    @BackgroundWorker({ name: 'loop' })
    class LoopWorker {
      async run(ctx: WorkerContext): Promise<void> {
        await caller.run('of the loop', () => ctx.unitOfWork((unit) => headers.push(unit.headers, caller.getStore())));
      }
    }
    const { handle } = await bootWith([LoopWorker], { units });
    await handle().join();
    const captured = { trace: 'of the loop', tenant: 'x' };
    // The strings travel, the context does not.
    expect(headers).toEqual([captured, undefined, captured, undefined]);
  });

  it('whose token is unknown make the app fail to boot', async () => {
    const error = await rejection(bootWith([TickWorker], { units: ['NOT_THERE'] }));
    expect(error.message).toContain('NOT_THERE');
  });
});
