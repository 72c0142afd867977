import { NestFactory } from '@nestjs/core';
import { Test } from '@nestjs/testing';
import { setImmediate as macrotask } from 'node:timers/promises';
import { beforeEach, describe, expect, it } from 'vitest';
import {
  BackgroundWorker,
  BackgroundWorkers,
  withoutWorkers,
  type BackgroundWorkerModuleOptions,
  type WorkerContext,
} from '../../lib/index.js';
import { boot, closing, Lines, rejection, rootWith } from './support/app.js';

const ran: string[] = [];
beforeEach(() => void ran.splice(0));

class Base {
  async run(ctx: WorkerContext): Promise<void> {
    ran.push(ctx.name);
    await ctx.sleep(60_000);
  }
}
@BackgroundWorker()
class AWorker extends Base {}
@BackgroundWorker()
class BWorker extends Base {}
@BackgroundWorker()
class CWorker extends Base {}

const module = (enabled: BackgroundWorkerModuleOptions['enabled']) =>
  rootWith([AWorker, BWorker, CWorker], { enabled });
const stateOf = (workers: BackgroundWorkers): string[] =>
  workers.list().map(({ name, state }) => `${name} ${state.status}`);

describe('enabled', () => {
  it.each<[BackgroundWorkerModuleOptions['enabled'], string[]]>([
    [true, ['a', 'b', 'c']],
    [false, []],
    [[], []],
    [
      ['a', 'c'],
      ['a', 'c'],
    ],
    [['-b'], ['a', 'c']],
    [['a', 'b', '-b'], ['a']],
    [['tasks'], []],
  ])('%j starts %j', async (enabled, expected) => {
    const { workers, lines } = await boot(module(enabled));
    expect(ran).toEqual(expected);
    for (const { name, state } of workers.list()) {
      if (expected.includes(name)) expect(state.status).toBe('running');
      else expect(state).toMatchObject({ status: 'stopped', reason: 'disabled' });
    }
    if (expected.length < 3) expect(lines.one(/^not started here/)).toContain('enabled');
  });

  it('is no workers under a test runner, and one line names the variable and the way out', async () => {
    const { lines } = await boot(module(undefined));
    expect(ran).toEqual([]);
    expect(lines.one(/^not started here/)).toMatch(
      /the test runner \(VITEST\): a, b, c.*BACKGROUND_WORKERS=on.*enabled: true/,
    );
    expect(lines.of('warn', 'error')).toEqual([]);
  });

  it('with an unknown name is a coded error that lists the known ones', async () => {
    const error = await rejection(boot(module(['a', 'probe'])));
    expect(error.code).toBe('BGW_UNKNOWN_WORKER');
    expect(error.message).toMatch(/"probe".*a, b, c/);
  });

  it('does not keep from an explicit start()', async () => {
    const { workers } = await boot(module(false));
    await workers.get('b').start();
    expect(ran).toEqual(['b']);
  });

  it('decides about added workers, too', async () => {
    const { workers } = await boot(module(undefined));
    const added = workers.add({ name: 'added', run: (ctx) => new Base().run(ctx) });
    await macrotask();
    expect(added.state).toMatchObject({ status: 'stopped', reason: 'disabled' });
    expect(ran).toEqual([]);
  });
});

describe('nothing starts', () => {
  it('with withoutWorkers(), although enabled; outside of it they do', async () => {
    const { app, workers, lines } = await withoutWorkers(() => boot(module(true)));
    expect(stateOf(workers)).toEqual(['a stopped', 'b stopped', 'c stopped']);
    expect(lines.one(/^not started here/)).toContain('withoutWorkers()');
    await app.close();
    expect(ran).toEqual([]);
    await boot(module(true));
    expect(ran).toEqual(['a', 'b', 'c']);
  });

  it('withoutWorkers() passes result and failure on, and two boots at once are told apart', async () => {
    expect(await withoutWorkers(() => Promise.resolve(42))).toBe(42);
    expect((await rejection(withoutWorkers(() => Promise.reject(new Error('no'))))).message).toBe('no');
    const [script, app] = await Promise.all([withoutWorkers(() => boot(module(true))), boot(module(true))]);
    expect(stateOf(script.workers)).toEqual(['a stopped', 'b stopped', 'c stopped']);
    expect(stateOf(app.workers)).toEqual(['a running', 'b running', 'c running']);
  });

  it.each(['context', 'http'] as const)('in preview mode (%s)', async (kind) => {
    const options = { preview: true, logger: new Lines(), abortOnError: false };
    const app = closing(
      kind === 'http'
        ? await NestFactory.create(module(true), options)
        : await NestFactory.createApplicationContext(module(true), options),
    );
    if (kind === 'http') await app.init();
    await macrotask();
    expect(ran).toEqual([]);
  });

  it('by TestingModule.compile(), until init()', async () => {
    const builder = Test.createTestingModule({ imports: [module(true)] }).setLogger(new Lines());
    const app = closing(await builder.compile());
    const workers = app.get(BackgroundWorkers, { strict: false });
    await macrotask();
    expect(stateOf(workers)).toEqual(['a idle', 'b idle', 'c idle']);
    await app.init();
    expect(ran).toEqual(['a', 'b', 'c']);
  });
});
