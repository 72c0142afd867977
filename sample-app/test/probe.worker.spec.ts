import { setTimeout as sleep } from 'node:timers/promises';
import { BackgroundWorkers } from 'nestjs-background-worker';
import { expect, it, onTestFinished } from 'vitest';
import type { Monitor } from '../src/monitors/monitor.entity.js';
import { MonitorsService } from '../src/monitors/monitors.service.js';
import { HttpProbe, type ProbeOutcome } from '../src/probing/http-probe.js';
import { ProbeJournal } from '../src/probing/probe-journal.service.js';
import { ProbeWorker } from '../src/probing/probe.worker.js';
import { TestApp } from './test-app.js';

async function probe(url: string, signal: AbortSignal): Promise<ProbeOutcome> {
  if (url.includes('slow')) await sleep(50, undefined, { signal });
  return { up: true, latencyMs: 1, httpStatus: 200 };
}

it('a probe that cannot be recorded fails the run, and takes no other with it', async () => {
  const recorded: string[] = [];
  const record = async ({ url }: Monitor): Promise<void> => {
    if (url.includes('bad')) throw new Error('the disk is full');
    recorded.push(url);
  };
  const app = await TestApp.start((builder) =>
    builder.overrideProvider(HttpProbe).useValue({ probe }).overrideProvider(ProbeJournal).useValue({ record }),
  );
  onTestFinished(() => app.nest.close());
  for (const url of ['http://bad.test/', 'http://slow.test/'])
    await app.nest.get(MonitorsService).register({ url, intervalMs: 60_000 });

  const worker = app.nest.get(BackgroundWorkers).get(ProbeWorker);
  await worker.start();
  await expect(worker.trigger()).rejects.toThrow('the disk is full');
  expect(recorded).toEqual(['http://slow.test/']);
});
