/** Compiled by `npm run typecheck`, never run: the control, the module, the events and the errors. */
import type { Observable } from 'rxjs';
import {
  BackgroundWorkerError,
  BackgroundWorkerModule,
  DoNotRestart,
  Escalate,
  WorkerAborted,
  withoutWorkers,
  type BackgroundWorkerModuleOptions,
  type BackgroundWorkerOptionsFactory,
  type BackgroundWorkers,
  type StopReport,
  type TickContext,
  type WorkerContext,
  type WorkerEvent,
  type WorkerHandle,
  type WorkerState,
} from '../../lib/index.js';
import { Loop } from './workers.js';

export async function control(workers: BackgroundWorkers): Promise<void> {
  const handles: readonly WorkerHandle[] = workers.list();
  workers.get('name').name.trim();
  workers.get(Loop).isAlive.valueOf();
  const report: StopReport = await workers.remove('name');
  await Promise.all([workers.pauseAll(), workers.resumeAll()]);
  const events: Observable<WorkerEvent> = workers.events$;
  const joined: boolean = await workers.get('name').join({ timeout: 5 });
  void [handles, report, events, joined];

  // @ts-expect-error a name or a class
  workers.get(5);
  // @ts-expect-error an object
  await workers.get('name').join(5);
  // @ts-expect-error read only
  workers.get('name').state = { status: 'idle', failures: 0, incarnation: 0 };
}

export function add(workers: BackgroundWorkers): void {
  workers.add({ name: 'loop', run: (ctx) => ctx.sleep(5) });
  workers.add({ name: 'loop', restart: 'never', run: (ctx: WorkerContext) => ctx.sleep(5) });
  workers.add({
    name: 'generator',
    async *run(ctx: WorkerContext) {
      yield ctx.name;
    },
  });
  workers.add({ name: 'tick', every: 1_000, run: (ctx: TickContext) => ctx.scheduledAt });
  workers.add({ name: 'tick', every: { delay: 5 }, timeout: 5, run: () => 5 });

  // @ts-expect-error a name is needed
  workers.add({ run: (ctx: WorkerContext) => ctx.sleep(5) });
  // @ts-expect-error so is run
  workers.add({ name: 'loop' });
  // @ts-expect-error a tick is given no WorkerContext
  workers.add({ name: 'tick', every: 5, run: (ctx: WorkerContext) => ctx.sleep(5) });
  // @ts-expect-error a loop is given no TickContext
  workers.add({ name: 'loop', run: async (ctx: TickContext) => ctx.sleep(5) });
  // @ts-expect-error a loop is not synchronous
  workers.add({ name: 'loop', run: () => 5 });
  // @ts-expect-error a thread is a class's business
  workers.add({ name: 'loop', thread: './x.js', run: async () => undefined });
  // @ts-expect-error timeout on a loop
  workers.add({ name: 'loop', timeout: 5, run: async () => undefined });
  // @ts-expect-error shards on a tick
  workers.add({ name: 'tick', every: 5, shards: 5, run: () => undefined });
}

class Factory implements BackgroundWorkerOptionsFactory {
  createBackgroundWorkerOptions(): BackgroundWorkerModuleOptions {
    return {};
  }
}

class Config {
  readonly enabled = true;
}

export const modules = [
  BackgroundWorkerModule,
  BackgroundWorkerModule.forRoot(),
  BackgroundWorkerModule.forRoot({
    enabled: ['a', 'tasks'],
    shutdownTimeout: 5,
    defaults: { backoff: { max: 5 }, maxFailures: 5, stopTimeout: 5, cancelGrace: 5, heartbeatTimeout: 5 },
    workers: { a: { phase: 5 }, b: { every: 5, timeout: 5 }, c: { restart: 'never' } },
    units: [{ around: (unit, next) => (unit.kind === 'tick' ? next() : next()) }, 'TOKEN', Config],
    onError: (error, at) => void [error, at.kind, at.name, at.final, at.willRetryIn],
    onFatal: async ({ worker, error }) => void [worker, error],
  }),
  BackgroundWorkerModule.forRootAsync({
    useFactory: async (config: Config) => ({ enabled: config.enabled }),
    inject: [Config],
  }),
  BackgroundWorkerModule.forRootAsync({ useClass: Factory }),
  BackgroundWorkerModule.forRootAsync({ imports: [], useExisting: Factory }),
  // @ts-expect-error no such option
  BackgroundWorkerModule.forRoot({ enable: true }),
  // @ts-expect-error a boolean or names
  BackgroundWorkerModule.forRoot({ enabled: 'off' }),
  // @ts-expect-error an override gives no name
  BackgroundWorkerModule.forRoot({ workers: { a: { name: 'b' } } }),
  // @ts-expect-error no default phase
  BackgroundWorkerModule.forRoot({ defaults: { phase: 5 } }),
  // @ts-expect-error an interceptor has around()
  BackgroundWorkerModule.forRoot({ units: [{ capture: () => ({}) }] }),
  // @ts-expect-error not a factory of these options
  BackgroundWorkerModule.forRootAsync({ useClass: Config }),
];

export async function script(): Promise<number> {
  // @ts-expect-error the boot is async
  await withoutWorkers(() => 5);
  return await withoutWorkers(async () => 5);
}

export function errors(error: unknown): string {
  if (error instanceof WorkerAborted) {
    const name: 'AbortError' = error.name;
    // @ts-expect-error no such reason
    if (error.why === 'because') return '';
    return `${name} ${error.why} ${error.deadline?.toFixed()}`;
  }
  void [new DoNotRestart(), new DoNotRestart('x'), new Escalate(error)];
  // @ts-expect-error codes are pinned
  if (error instanceof BackgroundWorkerError && error.code === 'BGW_NOPE') return '';
  return error instanceof BackgroundWorkerError ? error.code : '';
}

export function told(event: WorkerEvent, state: WorkerState): unknown {
  switch (event.type) {
    case 'stateChanged':
      return event.from.status === event.to.status;
    case 'incarnationFailed':
      return [event.error, event.retryIn?.toFixed(), event.worker, event.at];
    case 'stalled':
    case 'overdue':
      return event.sinceMs;
    default:
  }
  switch (state.status) {
    case 'waiting':
      return [state.on, state.until, state.failures];
    case 'running':
      return [state.since, state.ready];
    case 'stopping':
      return [state.deadline, state.then];
    case 'stopped':
      return [state.reason, state.abandoned];
    case 'failed':
      return state.error;
    default:
      // @ts-expect-error nothing to wait for
      return state.on;
  }
}
