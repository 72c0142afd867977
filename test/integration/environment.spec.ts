import { describe, expect, it } from 'vitest';
import type { AppInput } from '../fixtures/app.js';
import { Child } from './support/child.js';

const NONE = 'UP job=stopped other=stopped';
const BOTH = 'UP job=running other=running';
const JOB = 'UP job=running other=stopped';

async function up(input: AppInput, env: NodeJS.ProcessEnv): Promise<Child> {
  const child = Child.start('app', { keepAlive: true, ...input }, env);
  await child.prints('>> UP');
  return child;
}

describe('BACKGROUND_WORKERS', () => {
  it.each<[string, AppInput['enabled'], string]>([
    ['on', false, BOTH],
    ['off', true, NONE],
    ['job', undefined, JOB],
    ['job,other', ['job'], BOTH],
    [' job , tasks ', undefined, JOB],
    ['-other', undefined, JOB],
    ['tasks', undefined, NONE],
    ['', undefined, BOTH],
  ])('=%j over enabled: %j', async (value, enabled, expected) => {
    const child = await up({ enabled }, { BACKGROUND_WORKERS: value });
    expect(child.output).toContain(expected);
    if (expected !== BOTH) expect(child.output).toMatch(/not started here, by BACKGROUND_WORKERS=/);
    else expect(child.output).not.toContain('not started here');
  });

  it('with an unknown name ends the boot with a coded error that lists the known ones', async () => {
    const child = Child.start('app', {}, { BACKGROUND_WORKERS: 'job,jobs' });
    const { code } = await child.exits();
    expect(code).not.toBe(0);
    expect(child.output).toMatch(/BACKGROUND_WORKERS=job,jobs names "jobs".*job, other.*BGW_UNKNOWN_WORKER/);
  });
});

describe('outside of this test runner', () => {
  it('workers start by default', async () => {
    const child = await up({}, {});
    expect(child.output).toContain(BOTH);
    expect(child.output).not.toContain('test runner');
  });

  it.each([
    ['VITEST', 'true'],
    ['JEST_WORKER_ID', '1'],
    ['NODE_TEST_CONTEXT', 'child-v8'],
    ['NODE_ENV', 'test'],
  ])('%s=%s starts none, and says so in one line', async (name, value) => {
    const { output } = await up({}, { [name]: value });
    expect(output).toContain(NONE);
    expect(output).toContain(`the test runner (${name}`);
    expect(output).toMatch(/not started here.*job, other.*BACKGROUND_WORKERS=on.*enabled: true/);
  });

  it('both ways out of that work', async () => {
    const env = { VITEST: 'true', NODE_ENV: 'test' };
    expect((await up({ enabled: true }, env)).output).toContain(BOTH);
    expect((await up({}, { ...env, BACKGROUND_WORKERS: 'on' })).output).toContain(BOTH);
  });
});

describe('Nest’s REPL', () => {
  it('starts no worker, although enabled, and has the providers', async () => {
    const child = Child.start('repl');
    await child.prints('REPL initialized');
    child.type(
      'get(BackgroundWorkers).list().map(({ name, state }) => name + " " + state.status + " " + state.reason)',
    );
    await child.prints('probe stopped disabled');
    child.type('$(ProbeWorker).greeting');
    await child.prints('hello from the provider');
    child.type('.exit');
    expect(await child.exits()).toMatchObject({ code: 0 });
    expect(child.times('RUNS')).toBe(0);
  });

  it('is named as the reason', async () => {
    const child = Child.start('repl');
    await child.prints('REPL initialized');
    expect(child.output).toMatch(/not started here, by .*REPL.*: probe/);
    expect(child.output).not.toContain('withoutWorkers');
  });
});
